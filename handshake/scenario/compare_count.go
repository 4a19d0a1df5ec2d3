package scenario

import (
	"strings"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/pki"
)

// Count is what one connection took up to the first byte of the reply, counted from its
// events. Operations are those of both ends together.
type Count struct {
	Messages int // sent, ChangeCipherSpec and TLS 1.3's tickets among them
	Bytes    int // of the records that carried them, headers included

	Signed   int // signatures made in the handshake; the CA's were made before
	Verified int // signatures verified: the handshake's, the chain's, the staple's

	// What the key exchange took. A signature may well be made of scalar
	// multiplications too; those do not count here.
	ScalarMults int // on curves: for a share, and for a secret
	Powers      int // in finite fields, likewise
	KEM         int // key generations, encapsulations and decapsulations
	RSA         int // encryptions and decryptions

	RoundTrips int           // before the request leaves, TCP's included
	Sent       time.Duration // from SYN to when the request leaves
	FirstByte  time.Duration // from SYN to when the reply arrives

	LargestFlight int // bytes that one end sends without hearing from the other, data included
}

// Asymmetric is all that took a public-key algorithm, at both ends.
func (c *Count) Asymmetric() int {
	return c.Signed + c.Verified + c.ScalarMults + c.Powers + c.KEM + c.RSA
}

// Count counts a flow. Of one with several connections it is what they took together; of one
// without TLS there is nothing to count.
func (f *Flow) Count() Count {
	if len(f.Events) == 0 {
		return Count{}
	}
	return f.count(f.Events[0].Head().Time)
}

// count goes through the events of one connection that began at start.
func (f *Flow) count(start time.Time) Count {
	c := Count{RoundTrips: 1 + f.waits()} // TCP's, and the handshake's
	did := map[string]bool{}
	for _, e := range f.Events {
		switch e := e.(type) {
		case *event.Message:
			if e.Dir == event.Send {
				c.Messages++
			}
		case *event.Record:
			if e.Dir == event.Send && (e.Type == iana.Handshake || e.Type == iana.ChangeCipherSpec) {
				c.Bytes += len(e.Wire)
			}
		case *event.Secret:
			c.secret(e, did)
		case *event.Check:
			switch {
			case e.Report != nil:
				c.Verified += e.Report.SignatureChecks + staplesVerified(e.Report)
			case e.Op == event.OpAsymmetric:
				c.Verified++
			}
		case *event.Data:
			switch {
			case e.Party == "client" && e.Dir == event.Send && c.Sent == 0:
				c.Sent = e.Time.Sub(start)
			case e.Party == "client" && e.Dir == event.Receive && c.FirstByte == 0:
				c.FirstByte = e.Time.Sub(start)
			}
		}
	}
	return c
}

// staplesVerified counts the signatures of OCSP responses, which do not belong to the chain.
func staplesVerified(r *pki.Report) (n int) {
	for _, p := range r.Paths {
		for i := range p.Checks {
			if c := &p.Checks[i]; c.Key == pki.CheckStaple && c.Input(pki.InSignature) != nil {
				n++
			}
		}
	}
	return n
}

// secret counts what went into a value. An end tells of a key pair when it makes it, and
// again when it uses it; did knows what was told before.
func (c *Count) secret(e *event.Secret, did map[string]bool) {
	if e.Op != event.OpAsymmetric {
		return
	}
	if e.Label == event.LabelServerKeyExchangeSignature || e.Label == event.LabelCertificateVerifySignature {
		c.Signed++
		return
	}
	for _, v := range e.Inputs {
		_, name, hybrid := strings.Cut(v.Name, ": ") // "x25519: A = aG"
		if !hybrid {
			name = v.Name
		}
		n := c.operation(name)
		key := e.Party + "\x00" + name + "\x00" + string(v.Bytes)
		if n == nil || did[key] {
			continue
		}
		did[key] = true
		*n++
	}
}

// operation is the counter of the operation whose result has this name where a key exchange
// explains itself (kx.Explainer); nil if the name is not that of a result.
func (c *Count) operation(name string) *int {
	switch name {
	case "A = aG", "B = bG", "abG":
		return &c.ScalarMults
	case "A = g^a mod p", "B = g^b mod p", "g^ab mod p":
		return &c.Powers
	case "seed", "K": // a key pair comes from its seed, K from encapsulating and decapsulating
		return &c.KEM
	case "RSA(premaster) = m^e mod n", "RSA(premaster)": // which the server decrypts
		return &c.RSA
	}
	return nil
}
