package observe

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"tlslab/handshake/keyschedule"
)

// logged is a traffic secret of TLS 1.3 as a key log has it.
type logged struct {
	random [32]byte // of the first ClientHello, and the second repeats it
	server bool     // it protects what the server sends
	stage  stage
	secret []byte
}

// trafficLabels are the lines of a key log that give a TLS 1.3 connection away
// (RFC 9850 §2.1). The exporters' secrets and ECH's are for others.
var trafficLabels = map[string]logged{
	"CLIENT_EARLY_TRAFFIC_SECRET":     {stage: early},
	"CLIENT_HANDSHAKE_TRAFFIC_SECRET": {stage: handshaking},
	"SERVER_HANDSHAKE_TRAFFIC_SECRET": {stage: handshaking, server: true},
	"CLIENT_TRAFFIC_SECRET_0":         {stage: application},
	"SERVER_TRAFFIC_SECRET_0":         {stage: application, server: true},
}

// readKeyLog takes the lines of a key log that it knows: a label, the client's
// random and a secret, both in hex. In TLS 1.2 the label is CLIENT_RANDOM, and the
// secret the master secret. Other lines are for others.
func readKeyLog(r io.Reader) (masters []Master, traffic []logged, err error) {
	s := bufio.NewScanner(r)
	for line := 1; s.Scan(); line++ {
		f := strings.Fields(s.Text())
		if len(f) == 0 {
			continue
		}
		l, is13 := trafficLabels[f[0]]
		if !is13 && f[0] != "CLIENT_RANDOM" {
			continue
		}
		if len(f) != 3 {
			return nil, nil, fmt.Errorf("key log, line %d: %s takes two values, got %d", line, f[0], len(f)-1)
		}
		random, err := hex.DecodeString(f[1])
		if err != nil || len(random) != 32 {
			return nil, nil, fmt.Errorf("key log, line %d: the client random is not 64 hex digits", line)
		}
		secret, err := hex.DecodeString(f[2])
		switch {
		case is13 && (err != nil || len(secret) != 32 && len(secret) != 48): // the hash's length
			return nil, nil, fmt.Errorf("key log, line %d: the traffic secret is neither 64 nor 96 hex digits", line)
		case is13:
			l.random, l.secret = [32]byte(random), secret
			traffic = append(traffic, l)
		case err != nil || len(secret) != 48:
			return nil, nil, fmt.Errorf("key log, line %d: the master secret is not 96 hex digits", line)
		default:
			masters = append(masters, Master{Secret: keyschedule.MasterSecret(secret), ClientRandom: random})
		}
	}
	return masters, traffic, s.Err()
}
