-- Polls as clients send them: after each answer a connection pauses. Argument: for how long on average, in milliseconds.

dofile("report.lua")

local longest = 0

function init(args)
   math.randomseed(os.time())
   longest = 2 * tonumber(args[1])
end

function delay()
   return math.random(0, longest)
end
