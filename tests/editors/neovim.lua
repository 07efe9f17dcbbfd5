-- What a user of Neovim does: open, look, take the quick fix, save. Any version from 0.7 on.
local demo, server = vim.env.DEMO, { vim.env.GILCHECK, 'server' }

local function say(text)
  io.stdout:write(text .. '\n')
end

local function fail(text)
  say('FAILED: ' .. text)
  vim.cmd('cquit 1')
end

local function wait(what, done)
  if not vim.wait(15000, done, 20) then
    fail(what)
  end
end

local clients = vim.lsp.get_clients or vim.lsp.get_active_clients
if vim.lsp.config then
  vim.lsp.config('gilcheck', { cmd = server })
  vim.lsp.enable('gilcheck')
else
  require('gilcheck').setup({ cmd = server })
end
vim.cmd('filetype on')
vim.cmd('edit ' .. demo)
local buffer = vim.api.nvim_get_current_buf()
local original = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)

wait('no client', function()
  return #clients({ bufnr = buffer }) > 0
end)
wait('two findings expected', function()
  return #vim.diagnostic.get(buffer) == 2
end)
local client = clients({ bufnr = buffer })[1]
say('positions: ' .. client.offset_encoding)

local function by_code(code)
  for _, found in ipairs(vim.diagnostic.get(buffer)) do
    local given = found.user_data and found.user_data.lsp or {}
    if (found.code or given.code) == code then
      return found, given
    end
  end
end

local found, given = by_code('GIL101')
if not found or found.lnum ~= 7 then
  fail('GIL101 expected in row 8')
end
say('finding: ' .. found.message:gsub('\n.*', ''))

local place = {
  textDocument = { uri = vim.uri_from_bufnr(buffer) },
  position = { line = found.lnum, character = found.col + 2 },
}
local hovers = vim.lsp.buf_request_sync(buffer, 'textDocument/hover', place, 5000)
local hover = vim.inspect(hovers)
if not hover:find('handed to a thread') then
  fail('hover: ' .. hover)
end

local range = {
  start = { line = found.lnum, character = found.col },
  ['end'] = { line = found.end_lnum, character = found.end_col },
}
local shown = given.range and given or { range = range, message = found.message, code = 'GIL101' }
local params = {
  textDocument = place.textDocument,
  range = range,
  context = { diagnostics = { shown }, only = { 'quickfix' } },
}
local action
for _, answer in pairs(vim.lsp.buf_request_sync(buffer, 'textDocument/codeAction', params, 5000) or {}) do
  for _, offered in ipairs(answer.result or {}) do
    if offered.title:find('^Ignore GIL101') then
      action = offered
    end
  end
end
if not action then
  fail('no quick fix')
end
if not action.edit then
  for _, answer in pairs(vim.lsp.buf_request_sync(buffer, 'codeAction/resolve', action, 5000) or {}) do
    action = answer.result or action
  end
end
vim.lsp.util.apply_workspace_edit(action.edit, client.offset_encoding)
vim.cmd('silent write')
wait('one finding expected after the quick fix', function()
  return #vim.diagnostic.get(buffer) == 1
end)

-- Another file decides: the caller's finding goes when the helper sleeps.
vim.o.hidden = true
vim.api.nvim_buf_set_lines(buffer, 0, -1, false, original)
wait('two findings expected again', function()
  return #vim.diagnostic.get(buffer) == 2
end)
vim.cmd('edit ' .. vim.fn.fnamemodify(demo, ':h') .. '/work.py')
vim.api.nvim_buf_set_lines(0, 0, -1, false, { 'import time', '', '', 'def count():', '    time.sleep(3)' })
wait('the caller must hear of an edit in its helper', function()
  return #vim.diagnostic.get(buffer) == 1
end)
say('done')
vim.cmd('qall!')
