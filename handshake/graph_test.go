package handshake_test

import (
	"bytes"
	"crypto/rsa"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/observe"
)

// TestSecretsMakeAGraph: in every way that a handshake can go, what each end tells, and what an
// observer tells with the key log or the server's key, says of each secret what made it, and of
// each input which secret it is; and by that every key of a record leads back to what the two
// ends have in common.
func TestSecretsMakeAGraph(t *testing.T) {
	keys := map[event.SecretLabel]int{}
	for _, rec := range recorded(t) {
		var keyLog bytes.Buffer
		cc, sc := rec.config(event.Client), rec.config(event.Server)
		cc.KeyLog = &keyLog
		c := connect(t, cc, sc)
		for i := range c.ends {
			c.ends[i].after = rec.after[i]
		}
		var passed []packet
		c.run(func(p packet) []byte {
			passed = append(passed, p)
			return p.wire
		}).completes()
		for role := range c.heard {
			g := graph{t: t, of: rec.name + ", the " + event.Role(role).String(), rec: rec, told: map[event.SecretLabel][]*event.Secret{}, keys: keys}
			g.walk(c.heard[role])
		}
		ways := map[string]observe.Options{"a key log": {KeyLog: &keyLog}}
		if rec.suite.Kx == iana.KxRSA {
			key, _ := sc.Certificates[0].Key.(*rsa.PrivateKey)
			ways["the server's key"] = observe.Options{RSAKey: key}
		}
		for way, o := range ways {
			var heard collect
			o.Listener, o.ShowSecrets, o.Time = &heard, true, clock
			ob, err := observe.New(o)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range passed {
				if p.from == event.Client {
					ob.ClientBytes(p.wire)
				} else {
					ob.ServerBytes(p.wire)
				}
			}
			if resumed := c.ends[0].Summary().Resumed; len(all[*event.Secret](heard)) == 0 && !(resumed && o.RSAKey != nil) {
				t.Errorf("%s: an observer with %s told of no secret", rec.name, way)
			}
			g := graph{t: t, of: rec.name + ", an observer with " + way, rec: rec, told: map[event.SecretLabel][]*event.Secret{}, keys: keys, observer: true}
			g.walk(heard)
		}
	}
	for _, r := range []event.Role{event.Client, event.Server} {
		labels := r.Labels()
		for _, label := range slices.Concat(labels.Key[:], labels.IV[:], []event.SecretLabel{event.SecretLabel(r.String() + "_write_MAC_key"), event.SecretLabel(r.String() + "_write_key"), event.SecretLabel(r.String() + "_write_IV")}) {
			if label != "" && keys[label] == 0 {
				t.Errorf("no flow told of %s", label)
			}
		}
	}
}

// graph is what one party has told of one connection.
type graph struct {
	t        *testing.T
	of       string
	rec      *recording
	observer bool
	told     map[event.SecretLabel][]*event.Secret
	keys     map[event.SecretLabel]int
}

func (g *graph) walk(events []event.Event) {
	for _, e := range events {
		switch e := e.(type) {
		case *event.Secret:
			g.secret(e)
			g.told[e.Label] = append(g.told[e.Label], e)
		case *event.Check:
			for _, in := range e.Inputs {
				if in.From != "" && g.find(in) == nil {
					g.t.Errorf("%s: %s of %s is %s, which was not told with this value", g.of, in.Name, e.What, in.From)
				}
				own := e.What == event.CheckPSKBinder || e.What == event.CheckFinished && !(g.observer && g.rec.version == iana.TLS12) // which tells of no verify_data
				if own && in.Name == "expected" && in.From == "" {
					g.t.Errorf("%s: %s of %s does not say which secret it is", g.of, in.Name, e.What)
				}
			}
		}
	}
}

// find is the last secret that an input says it is.
func (g *graph) find(in event.Input) *event.Secret {
	for _, s := range slices.Backward(g.told[in.From]) {
		if bytes.Equal(s.Value, in.Bytes) {
			return s
		}
	}
	return nil
}

func (g *graph) secret(s *event.Secret) {
	t := g.t
	if s.Version != g.rec.version {
		t.Errorf("%s: %s is of %v", g.of, s.Label, s.Version)
	}
	g.made(s)
	for _, in := range s.Inputs {
		switch {
		case in.From != "" && g.find(in) == nil:
			t.Errorf("%s: %s of %s is %s, which was not told with this value", g.of, in.Name, s.Label, in.From)
		case in.From != "" && in.From == event.SecretLabel(strings.TrimSuffix(string(s.Label), "_n")+"_0"):
			if n := g.told[s.Label]; len(n) > 0 {
				t.Errorf("%s: the second %s comes from %s", g.of, s.Label, in.From)
			}
		case in.From == "" && in.Private && !fromElsewhere(s, in):
			t.Errorf("%s: %s of %s does not say which secret it is", g.of, in.Name, s.Label)
		}
		for label := range g.told { // a value that was told is called by its name
			if in.From == "" && len(in.Bytes) > 0 && g.find(event.Input{Value: in.Value, From: label}) != nil {
				t.Errorf("%s: %s of %s is %s, and does not say so", g.of, in.Name, s.Label, label)
			}
		}
	}
	if name := strings.ToLower(string(s.Label)); strings.HasSuffix(name, "_key") && !strings.Contains(name, "finished") && !strings.Contains(name, "binder") || strings.HasSuffix(name, "_iv") {
		if g.keys[s.Label]++; !g.shared(s) {
			t.Errorf("%s: %s comes from nothing that the two ends have in common", g.of, s.Label)
		}
	}
}

// fromElsewhere reports whether an input that must stay secret comes from no secret of the
// connection. There are two such kinds.
func fromElsewhere(s *event.Secret, in event.Input) bool {
	switch s.Label {
	case event.LabelServerEphemeral, event.LabelClientKeyShare, event.LabelServerKeyShare, event.LabelSharedSecret, event.LabelPremasterSecret:
		// A group's own numbers, or RSA's: what was drawn, what the certificate's key is, and
		// the steps from there to the value.
		return s.Function == event.FunctionNone
	case event.LabelEarlySecret: // a pre-shared key: of a ticket, which is another connection's, or given by other means
		return in.Name == "ikm"
	}
	return false
}

// made demands that a secret says what made it.
func (g *graph) made(s *event.Secret) {
	group := s.Group.ID != 0 && s.Group.Name != "" && s.Group.Kind != 0
	var ok bool
	switch s.Function {
	case event.FunctionNone:
		switch s.Label {
		case event.LabelServerKeyExchangeSignature, event.LabelCertificateVerifySignature:
			ok = s.Scheme != 0 && s.Method == s.Scheme.String()
		case event.LabelPremasterSecret:
			ok = s.Exchange == g.rec.suite.Kx && group == (s.Exchange != iana.KxRSA) && s.Method == strings.TrimSpace(s.Exchange.String()+" "+s.Group.Name)
		case event.LabelServerEphemeral:
			ok = s.Exchange == g.rec.suite.Kx && group && s.Method == s.Group.Name
		case event.LabelClientKeyShare, event.LabelServerKeyShare, event.LabelSharedSecret:
			ok = group && s.Method == s.Group.Name
		}
		if known := kx.ByID(s.Group.ID); known != nil && s.Group != event.GroupOf(known) {
			ok = false
		}
	case event.FunctionPRF:
		ok = s.Method == "PRF" && s.Tag != "" && len(s.Inputs) > 1
	case event.FunctionExtract:
		ok = s.Method == "HKDF-Extract" && len(s.Inputs) == 2
	case event.FunctionExpandLabel:
		ok = s.Method == "HKDF-Expand-Label" && s.Tag != "" && len(s.Inputs) == 3
	case event.FunctionHMAC:
		ok = s.Method == "HMAC" && len(s.Inputs) == 2
	case event.FunctionPart:
		ok = len(s.Inputs) == 1 && bytes.HasPrefix(s.Inputs[0].Bytes[s.Off:], s.Value)
	case event.FunctionSession:
		ok = s.Method == "session" && len(s.Inputs) == 0
	case event.FunctionGiven:
		ok = g.observer && s.Method == "known" && len(s.Inputs) == 0
	}
	if !ok {
		g.t.Errorf("%s: %s says of what made it: %v, %v, %+v, %v, %q", g.of, s.Label, s.Function, s.Exchange, s.Group, s.Scheme, s.Method)
	}
}

// shared reports whether a secret comes from one that the two ends have in common.
func (g *graph) shared(s *event.Secret) bool {
	switch {
	case s.Label == event.LabelPremasterSecret, s.Label == event.LabelSharedSecret, s.Function == event.FunctionSession, s.Function == event.FunctionGiven:
		return true
	case s.Label == event.LabelEarlySecret:
		return slices.ContainsFunc(s.Inputs, func(in event.Input) bool { return in.Private }) // a pre-shared key, and no zeros
	}
	return slices.ContainsFunc(s.Inputs, func(in event.Input) bool {
		from := g.find(in)
		return in.From != "" && from != nil && g.shared(from)
	})
}
