" gilcheck for Vim with ALE (https://github.com/dense-analysis/ale): source this file after ALE was loaded.

let g:gilcheck_executable = get(g:, 'gilcheck_executable', 'gilcheck')

function! GilcheckProjectRoot(buffer) abort
  for l:marker in ['gilcheck.toml', '.gilcheck.toml', 'pyproject.toml', 'setup.py', '.git']
    let l:found = ale#path#FindNearestFile(a:buffer, l:marker)
    if empty(l:found)
      let l:found = ale#path#FindNearestDirectory(a:buffer, l:marker)
    endif
    if !empty(l:found)
      return fnamemodify(substitute(l:found, '/$', '', ''), ':p:h')
    endif
  endfor
  return expand('#' . a:buffer . ':p:h')
endfunction

call ale#linter#Define('python', {
\   'name': 'gilcheck',
\   'lsp': 'stdio',
\   'executable': {buffer -> g:gilcheck_executable},
\   'command': '%e server',
\   'project_root': function('GilcheckProjectRoot'),
\})
