/**
 * What runs inside Redis for the loader. Both compare with what the loader believes is stored, in the same step as
 * they write: two loaders, a zombie, a restored dump or a flush can make one fail, but never leave a hole.
 */

/**
 * Begins a hash anew: drops what is there, sets watermark and topic id. Only if what is there is what was seen.
 * KEYS[1] hash; ARGV: seen watermark, seen topic id ('' for absent), new watermark, new topic id. Returns 1 or 0.
 */
export const BEGIN = `
local w = redis.call('HGET', KEYS[1], 'w') or ''
local t = redis.call('HGET', KEYS[1], 't') or ''
if w ~= ARGV[1] or t ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'w', ARGV[3], 't', ARGV[4])
return 1
`

/**
 * Applies a run of records and moves the watermark, only if the stored watermark is the one that the run starts from
 * and the hash is of this topic.
 * KEYS[1] hash; ARGV: watermark the run starts from, topic id, watermark after it, then ref and state bytes in turn.
 * Returns 1 or 0.
 */
export const APPLY = `
local w = redis.call('HGET', KEYS[1], 'w')
local t = redis.call('HGET', KEYS[1], 't')
if w ~= ARGV[1] or t ~= ARGV[2] then return 0 end
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('HSET', KEYS[1], 'w', ARGV[3])
return 1
`
