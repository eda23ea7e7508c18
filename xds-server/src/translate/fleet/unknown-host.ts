/**
 * What answers a request whose host is no tenant's: to a host in capitals, where it is written small (the scope's key
 * is compared byte by byte); to all else, 404. An error inside must not let the request go on, hence `pcall`.
 */
export const answerUnknownHost = `local function place(handle)
  local headers = handle:headers()
  local host = headers:get(':authority')
  local path = headers:get(':path')
  if host == nil or path == nil then return nil end
  local lower = string.lower(host)
  if lower == host or string.find(lower, '^[a-z0-9.-]+$') == nil then return nil end
  return 'https://' .. lower .. path
end

function envoy_on_request(handle)
  local found, location = pcall(place, handle)
  if found and location ~= nil then
    handle:respond({[':status'] = '308', ['location'] = location}, '')
  else
    handle:respond({[':status'] = '404'}, '')
  end
end
`
