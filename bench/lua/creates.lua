-- Creates, each with an Idempotency-Key of its own if wanted. Writes down which videos were acknowledged.
-- Arguments: a file with an API key on each line, where to write, and a prefix for the keys or "none".

dofile("report.lua")

local body = '{"model":"sora-2","prompt":"A cat dancing in the rain, cinematic style","seconds":"8","size":"1280x720"}'
local starts, count, sent = {}, 0, 0
local prefix, acknowledged
local threads = 0

function setup(thread)
   threads = threads + 1
   thread:set("number", threads)
end

function init(args)
   for key in io.lines(args[1]) do
      count = count + 1
      starts[count] = "POST /v1/videos HTTP/1.1\r\nHost: " .. wrk.headers["Host"] ..
         "\r\nAuthorization: Bearer " .. key ..
         "\r\nContent-Type: application/json\r\nContent-Length: " .. #body .. "\r\n"
   end
   acknowledged = io.open(args[2], "a")
   if args[3] ~= "none" then
      prefix = "Idempotency-Key: " .. args[3] .. "-" .. number .. "-"
   end
end

function request()
   sent = sent + 1
   local start = starts[sent % count + 1]
   if prefix then
      return start .. prefix .. sent .. "\r\n\r\n" .. body
   end
   return start .. "\r\n" .. body
end

function response(status, _, answer)
   if status == 200 then
      acknowledged:write(answer:match('"id":"video_(%w+)"'), "\n")
   end
end
