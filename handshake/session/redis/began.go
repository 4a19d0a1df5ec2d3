package redis

import (
	"context"
	"errors"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// A Redis that was started again may be empty, or may have come back with what it saved
// minutes ago: either way marks can be missing. So what counts is the run of the server,
// which has an ID of its own, and not what its memory says of itself. A key that is gone
// although the run goes on (FLUSHALL) means the same. A replica that takes over has its
// own run, too.
//
// If the clock of the server that asks first is ahead, the store seems younger than it is,
// and takes no early data until that time has come, or the key is deleted. It is not made
// older again: a time that was wrong cannot be told from one that is.

// ErrEvicts is the error of Began for a Redis that makes room, when it is full, by
// forgetting marks before they expire.
var ErrEvicts = errors.New("redis evicts keys when full: set maxmemory-policy noeviction")

// beganKey holds the ID of a run (40 hexadecimal digits), and when the first of all servers
// that share the store asked, in milliseconds since 1970.
const beganKey = "tlslab:began"

// began is one script, so that no restart comes in between.
var began = sync.OnceValue(func() *goredis.Script {
	return goredis.NewScript(`
local memory = redis.call('INFO', 'memory')
if memory:match('[\r\n]maxmemory:(%d+)') ~= '0' and memory:match('maxmemory_policy:(%w+)') ~= 'noeviction' then
	return {err = 'EVICTS marks'}
end
local run = redis.call('INFO', 'server'):match('run_id:(%w+)')
local kept = redis.call('GET', KEYS[1])
if kept and kept:sub(1, 41) == run .. ' ' then
	return kept:sub(42)
end
redis.call('SET', KEYS[1], run .. ' ' .. ARGV[1])
return ARGV[1]
`)
})

// Began is when somebody first asked this run of Redis, which is now if nobody has. It is
// also how to find out whether Redis is there. ErrEvicts is an error besides those of Store.
func (s *Store) Began(now time.Time) (time.Time, error) {
	var ms int64
	err := ask("began", func(ctx context.Context) (err error) {
		ms, err = began().Run(ctx, s.client, []string{beganKey}, now.UnixMilli()).Int64()
		if err != nil && goredis.HasErrorPrefix(err, "EVICTS") {
			err = ErrEvicts
		}
		return err
	})
	if err != nil {
		return time.Time{}, err
	}
	return time.UnixMilli(ms), nil
}
