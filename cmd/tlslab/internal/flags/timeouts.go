package flags

import (
	"time"

	"tlslab/cmd/tlslab/internal/cli"
)

// LongerThanNothing refuses limits that nobody could keep.
func LongerThanNothing(handshake, idle time.Duration) error {
	for _, f := range []struct {
		flag  string
		value time.Duration
	}{{"--handshake-timeout", handshake}, {"--idle-timeout", idle}} {
		if f.value <= 0 {
			return cli.Misuse("Give more than nothing, such as 30s.", "%s %v: nobody is as fast as that", f.flag, f.value)
		}
	}
	return nil
}
