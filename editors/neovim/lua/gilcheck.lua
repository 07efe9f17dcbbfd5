-- gilcheck for Neovim before 0.11: require('gilcheck').setup() in init.lua.
local M = {}

local markers = { 'gilcheck.toml', '.gilcheck.toml', 'pyproject.toml', 'setup.py', 'setup.cfg', '.git' }

--- The nearest folder above a file that holds a project, else the file's own.
local function root_of(file)
  local folder = vim.fn.fnamemodify(file, ':p:h')
  local here = folder
  while true do
    for _, marker in ipairs(markers) do
      local path = here .. '/' .. marker
      if vim.fn.filereadable(path) == 1 or vim.fn.isdirectory(path) == 1 then
        return here
      end
    end
    local above = vim.fn.fnamemodify(here, ':h')
    if above == here then
      return folder
    end
    here = above
  end
end

local clients = {}

local function attach(buffer, options)
  local root = root_of(vim.api.nvim_buf_get_name(buffer))
  local config = {
    name = 'gilcheck',
    cmd = options.cmd or { 'gilcheck', 'server' },
    root_dir = root,
    workspace_folders = { { uri = vim.uri_from_fname(root), name = root } },
    init_options = options.init_options or vim.empty_dict(),
  }
  if vim.lsp.start then
    vim.lsp.start(config, { bufnr = buffer })
    return
  end
  if not clients[root] or vim.lsp.client_is_stopped(clients[root]) then
    clients[root] = vim.lsp.start_client(config)
  end
  vim.lsp.buf_attach_client(buffer, clients[root])
end

--- options: cmd, a list; init_options, a table.
function M.setup(options)
  options = options or {}
  vim.api.nvim_create_autocmd('FileType', {
    pattern = 'python',
    callback = function(event)
      attach(event.buf, options)
    end,
  })
end

return M
