-- The health of a RealtimeApp, for Argo CD: resource.customizations.health.realtimeoperator.dev_RealtimeApp of argocd-cm.
local health = {status = "Progressing", message = "the operator has not processed the current spec yet"}
local status = obj.status
if status == nil or status.conditions == nil or status.observedGeneration ~= obj.metadata.generation then
  return health
end
for _, condition in ipairs(status.conditions) do
  if condition.type == "Stalled" and condition.status == "True" then
    return {status = "Degraded", message = condition.reason .. ": " .. condition.message}
  end
  if condition.type == "Ready" then
    health.message = condition.message
    if condition.status == "True" then
      health.status = condition.reason == "ScaledToZero" and "Suspended" or "Healthy"
    end
  end
end
return health
