-- gilcheck for Neovim 0.11 and later: put this folder on the runtimepath, then vim.lsp.enable('gilcheck').
return {
  cmd = { 'gilcheck', 'server' },
  filetypes = { 'python' },
  root_markers = { 'gilcheck.toml', '.gilcheck.toml', 'pyproject.toml', 'setup.py', 'setup.cfg', '.git' },
  -- For example { codeLens = true, run = 'onSave' }; see editors/README.md.
  init_options = {},
}
