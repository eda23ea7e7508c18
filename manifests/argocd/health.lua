-- What Argo CD shows as the health of every kind of bulkhead.dev. Argo CD itself calls deleted objects Progressing.
local function health(status, message)
  return { status = status, message = message }
end

local status = obj.status or {}
local found = {}
for _, condition in ipairs(status.conditions or {}) do
  found[condition.type] = condition
end
local ready = found.Ready

local function said(condition)
  return (condition.reason or condition.type) .. ": " .. (condition.message or "")
end

if obj.metadata.deletionTimestamp ~= nil then
  local isTold = ready ~= nil and (ready.reason == "Deleting" or ready.reason == "DeletionHeld")
  return health("Progressing", isTold and said(ready) or "Pending deletion")
end
-- Conditions of an older generation say nothing about this one; -1 is what nobody has looked at.
if status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "The newest edit is not looked at yet")
end
if found.Reconciling ~= nil and found.Reconciling.status == "True" then
  return health("Progressing", said(ready or found.Reconciling))
end
if found.Stalled ~= nil and found.Stalled.status == "True" then
  return health("Degraded", said(found.Stalled))
end
if ready == nil then
  return health("Progressing", "Whether it is ready is not said yet")
end
if ready.status == "True" then
  return health("Healthy", ready.message or "")
end
if ready.reason == "Suspended" then
  return health("Suspended", ready.message or "")
end
return health("Progressing", said(ready))
