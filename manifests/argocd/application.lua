-- The health that Argo CD has found for an Application, so that a wave of Applications can wait for the one before it.
local health = (obj.status or {}).health or {}
return { status = health.status or "Progressing", message = health.message or "" }
