-- Polls of ids at random. Arguments: a file with a path on each line, and the key.

dofile("report.lua")

local heads, count, tail = {}, 0, ""
local seed = 0

function setup(thread)
   seed = seed + 1
   thread:set("own_seed", seed)
end

function init(args)
   math.randomseed(own_seed)
   for path in io.lines(args[1]) do
      count = count + 1
      heads[count] = "GET " .. path
   end
   tail = " HTTP/1.1\r\nHost: " .. wrk.headers["Host"] .. "\r\nAuthorization: Bearer " .. args[2] .. "\r\n\r\n"
end

function request()
   return heads[math.random(count)] .. tail
end
