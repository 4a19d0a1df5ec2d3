package observe

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
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

// masterLabel is that of a line with a master secret of TLS 1.2.
const masterLabel = "CLIENT_RANDOM"

// labelOf is the label of a traffic secret.
func labelOf(server bool, s stage) string {
	for label, l := range trafficLabels {
		if l.server == server && l.stage == s {
			return label
		}
	}
	return ""
}

// A KeyLog is key logs of many connections, from which each Observer that has it takes its own
// connection's lines, also those that are read after the Observer was made. Its zero value is
// empty. It is not safe for concurrent use.
type KeyLog struct {
	of map[[32]byte]*lines
	n  int // of lines
}

// lines are those of one client random.
type lines struct {
	masters []Master
	traffic []logged
}

// Read adds the lines of r, an NSS key log (RFC 9850). Lines that cannot be read are left out; the
// error is about the first of them.
func (k *KeyLog) Read(r io.Reader) error {
	masters, traffic, err := readKeyLog(r)
	if k.of == nil {
		k.of = map[[32]byte]*lines{}
	}
	for _, m := range masters {
		l := k.at([32]byte(m.ClientRandom))
		if len(l.masters) < maxLines && !slices.ContainsFunc(l.masters, func(have Master) bool { return have.Secret == m.Secret }) {
			l.masters = append(l.masters, m)
		}
	}
	for _, t := range traffic {
		l := k.at(t.random)
		if len(l.traffic) < maxLines && !slices.ContainsFunc(l.traffic, t.same) {
			l.traffic = append(l.traffic, t)
		}
	}
	k.n += len(masters) + len(traffic)
	return err
}

// maxLines is how many different lines of a kind one connection may have: twice as many as there are labels.
const maxLines = 40

func (l *logged) same(m logged) bool {
	return l.server == m.server && l.stage == m.stage && bytes.Equal(l.secret, m.secret)
}

func (k *KeyLog) at(random [32]byte) *lines {
	l := k.of[random]
	if l == nil {
		l = new(lines)
		k.of[random] = l
	}
	return l
}

// Len is how many secrets of TLS were read, also those that were read before.
func (k *KeyLog) Len() int { return k.n }

// Has reports whether a connection with that random in its ClientHello has a line.
func (k *KeyLog) Has(clientRandom []byte) bool {
	return len(clientRandom) == 32 && k.of[[32]byte(clientRandom)] != nil
}

// consult takes from Options.Keys what has come for this connection since it was asked last.
func (o *Observer) consult() {
	k := o.o.Keys
	if k == nil || o.hello == nil || o.consulted == k.n {
		return
	}
	o.consulted = k.n
	l := k.of[o.hello.Random]
	if l == nil {
		return
	}
	if n := len(l.masters); n > o.mastersTaken {
		o.masters = append(o.masters, l.masters[o.mastersTaken:]...)
		o.mastersTaken = n
	}
	for ; o.trafficTaken < len(l.traffic); o.trafficTaken++ {
		o.logged = append(o.logged, l.traffic[o.trafficTaken])
		if o.serverHello != nil {
			o.takeLogged(&l.traffic[o.trafficTaken])
		}
	}
}

// readKeyLog takes the lines of a key log that it knows: a label, the client's
// random and a secret, both in hex. A line that cannot be read is left out, and the error is about the first such. In TLS 1.2 the label is CLIENT_RANDOM, and the
// secret the master secret. Other lines are for others.
func readKeyLog(r io.Reader) (masters []Master, traffic []logged, err error) {
	s := bufio.NewScanner(r)
	bad := func(e error) {
		if err == nil {
			err = e
		}
	}
	for line := 1; s.Scan(); line++ {
		f := strings.Fields(s.Text())
		if len(f) == 0 {
			continue
		}
		l, is13 := trafficLabels[f[0]]
		if !is13 && f[0] != masterLabel {
			continue
		}
		if len(f) != 3 {
			bad(fmt.Errorf("key log, line %d: %s takes two values, got %d", line, f[0], len(f)-1))
			continue
		}
		random, wrong := hex.DecodeString(f[1])
		if wrong != nil || len(random) != 32 {
			bad(fmt.Errorf("key log, line %d: the client random is not 64 hex digits", line))
			continue
		}
		secret, wrong := hex.DecodeString(f[2])
		switch {
		case is13 && (wrong != nil || len(secret) != 32 && len(secret) != 48): // the hash's length
			bad(fmt.Errorf("key log, line %d: the traffic secret is neither 64 nor 96 hex digits", line))
		case is13:
			l.random, l.secret = [32]byte(random), secret
			traffic = append(traffic, l)
		case wrong != nil || len(secret) != 48:
			bad(fmt.Errorf("key log, line %d: the master secret is not 96 hex digits", line))
		default:
			masters = append(masters, Master{Secret: keyschedule.MasterSecret(secret), ClientRandom: random})
		}
	}
	return masters, traffic, cmp.Or(err, s.Err())
}
