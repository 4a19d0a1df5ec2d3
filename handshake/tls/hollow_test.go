package tls_test

import (
	"errors"
	"io"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/kx"
	"tlslab/handshake/reason"
	"tlslab/handshake/tls"
)

// hollow is X25519 under a private number, where one method has not been written yet.
type hollow struct {
	kx.Group
	offer, answer, offered, reply, finished, secret bool
}

func (hollow) ID() iana.Group { return iana.GroupPrivate }

func (hollow) Name() string { return "hollow" }

func (h hollow) Offer(rand io.Reader) (kx.Offer, error) {
	o, err := h.Group.Offer(rand)
	if h.offer {
		return nil, nil
	}
	return hollowOffer{o, h}, err
}

func (h hollow) Answer(rand io.Reader, peer []byte) (kx.Answer, error) {
	a, err := h.Group.Answer(rand, peer)
	if h.answer {
		return nil, nil
	}
	return hollowAnswer{a, h}, err
}

type hollowOffer struct {
	kx.Offer
	of hollow
}

func (o hollowOffer) Share() []byte { return unless(o.of.offered, o.Offer.Share()) }

func (o hollowOffer) Finish(peer []byte) ([]byte, error) {
	secret, err := o.Offer.Finish(peer)
	return unless(o.of.finished, secret), err
}

type hollowAnswer struct {
	kx.Answer
	of hollow
}

func (a hollowAnswer) Share() []byte { return unless(a.of.reply, a.Answer.Share()) }

func (a hollowAnswer) Secret() []byte { return unless(a.of.secret, a.Answer.Secret()) }

func unless(hollow bool, b []byte) []byte {
	if hollow {
		return nil
	}
	return b
}

// TestHollowGroup: a group that makes nothing where it shall make something is a fault at the end
// that has it, internal, and the other end is told no more. Nobody panics, and no handshake is
// completed with a secret that everybody knows.
func TestHollowGroup(t *testing.T) {
	x25519, err := kx.Find("X25519", kx.All())
	if err != nil {
		t.Fatal(err)
	}
	// Who offers: the client in TLS 1.3, the server in ECDHE.
	for name, c := range map[string]struct {
		h      hollow
		offers bool // the fault is at that end
	}{
		"no offer":         {hollow{offer: true}, true},
		"no share":         {hollow{offered: true}, true},
		"no secret":        {hollow{finished: true}, true},
		"no answer":        {hollow{answer: true}, false},
		"no reply":         {hollow{reply: true}, false},
		"no answer secret": {hollow{secret: true}, false},
	} {
		for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
			t.Run(name+" "+v.String(), func(t *testing.T) {
				whole := hollow{Group: x25519}
				c.h.Group = x25519
				cc, sc := tlstest.Verifying(), tlstest.Serving(tlstest.Servers()["rsa"])
				cc.MinVersion, cc.MaxVersion = v, v
				atClient := c.offers == (v == iana.TLS13)
				cc.Groups, sc.Groups = []kx.Group{whole}, []kx.Group{c.h}
				if atClient {
					cc.Groups, sc.Groups = sc.Groups, cc.Groups
				}
				own, other := shakeBoth(t, cc, sc)
				if !atClient {
					own, other = other, own
				}
				var fault *reason.Error
				if !errors.As(own, &fault) || fault.Reason != reason.Internal {
					t.Errorf("the end at fault says %v, want internal", own)
				}
				var alert *reason.Error
				if !errors.As(other, &alert) || alert.Reason != reason.PeerAlert {
					t.Errorf("the other end says %v, want the alert internal_error", other)
				}
			})
		}
	}
}

// shakeBoth returns what each end says of a handshake.
func shakeBoth(t *testing.T, cc, sc *tls.Config) (cerr, serr error) {
	t.Helper()
	a, b := tlstest.Pipe()
	c, s := tlstest.Client(t, a, cc), tlstest.Server(t, b, sc)
	defer c.Close()
	defer s.Close()
	return tlstest.Shake(c, s)
}
