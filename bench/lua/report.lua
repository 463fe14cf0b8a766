-- What every script ends with: one line of JSON that bench/wrk.py reads. Times are in microseconds.

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      'report {"micros":%d,"answers":%d,"refused":%d,"broken":%d,' ..
         '"p50_micros":%d,"p99_micros":%d,"longest_micros":%d}\n',
      summary.duration, summary.requests, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50), latency:percentile(99), latency.max
   ))
end
