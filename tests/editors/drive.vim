edit $DEMO
let tries = 0
while tries < 150 && len(ale#engine#GetLoclist(bufnr(''))) < 2
  sleep 100m
  let tries += 1
endwhile
for found in ale#engine#GetLoclist(bufnr(''))
  let line = found.lnum . ':' . found.col . ' ' . get(found, 'code', '') . ' ' . split(found.text, "\n")[0]
  call writefile([line], $FOUND, 'a')
endfor
qall!
