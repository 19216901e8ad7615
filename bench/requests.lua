-- Manifests of many repositories, one after another in a fixed shuffle.
local repositories = tonumber(os.getenv("BENCH_REPOSITORIES"))
local tags = tonumber(os.getenv("BENCH_TAGS"))
local at = 0

wrk.headers["Accept"] = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json"
wrk.headers["User-Agent"] = "bench"

request = function()
  at = at + 7919
  local repository = at % repositories
  local path = "/v2/group-" .. (repository % 100) .. "/app-" .. repository .. "/manifests/v1." .. (at % tags)
  return wrk.format("GET", path)
end
