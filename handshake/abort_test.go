package handshake_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/pki"
)

// TestVerifierChoosesAlert: every alert about a certificate that RFC 9846 §6.2 has can be
// sent by a verifier, in both roles.
func TestVerifierChoosesAlert(t *testing.T) {
	chosen := map[iana.AlertDescription]reason.Reason{
		iana.BadCertificate: reason.CertificateMalformed, iana.UnsupportedCertificate: reason.CertificateUsage,
		iana.CertificateRevoked: reason.CertificateRevoked, iana.CertificateExpired: reason.CertificateExpired,
		iana.CertificateUnknown: reason.CertificatePolicy, iana.UnknownCA: reason.CertificateUntrusted,
		iana.AccessDenied: reason.AccessDenied, iana.InsufficientSecurity: reason.WeakKey,
		iana.BadCertificateStatusResponse: reason.BadStatusResponse, iana.InternalError: reason.Internal,
	}
	cli := newLesson(t, "rsa")
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		for alert, why := range chosen {
			refuse := func(handshake.ChainInput) (*pki.Report, error) {
				return nil, reason.Wrap(why, "", "certificate", errors.New("my verifier's own words"))
			}
			cc, sc := ends13(newLesson(t, "ecdsa"))
			cc.MaxVersion, cc.VerifyChain = version, refuse
			c, s := shake(t, cc, sc)
			checkRefusal(t, fmt.Sprintf("%v, client, %v", version, alert), c, s, why, alert)

			cc, sc = ends13(newLesson(t, "ecdsa"))
			cc.MaxVersion, cc.Certificates = version, []handshake.Certificate{{Chain: cli.Chain, Key: cli.Key}}
			sc.ClientAuth, sc.VerifyChain = handshake.RequireClientCert, refuse
			c, s = shake(t, cc, sc)
			checkRefusal(t, fmt.Sprintf("%v, server, %v", version, alert), s, c, why, alert)
		}
	}
}

// TestAbort: the application ends a connection with the alert of any reason, once the
// handshake is complete.
func TestAbort(t *testing.T) {
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		for role := range 2 {
			for _, why := range append(reason.All(), reason.None) {
				want, ok := reason.Alert(why)
				if !ok || why == reason.None {
					want = iana.InternalError
				}
				err := error(reason.New(why, "", "", nil, nil))
				if why == reason.None {
					err = errors.New("out of space")
				}
				cc, sc := ends13(newLesson(t, "ecdsa"))
				cc.MaxVersion = version
				c, s := mustShake(t, cc, sc)
				ends := []*handshake.Endpoint{c, s}
				e, peer := ends[role], ends[1-role]
				if err := e.Abort(fmt.Errorf("enough: %w", err)); err != nil {
					t.Fatalf("%v, %v, %q: %v", version, e.Role(), why, err)
				}
				peer.Feed(e.Output())
				if _, err := peer.Read(make([]byte, 1)); !errors.Is(err, &reason.Error{Reason: reason.PeerAlert}) {
					t.Errorf("%v, %v, %q: the peer reads %v", version, e.Role(), why, err)
				}
				wantWhy := why
				if !ok || why == reason.None {
					wantWhy = reason.Internal
				}
				checkRefusal(t, fmt.Sprintf("%v, %v, %q", version, e.Role(), why), e, peer, wantWhy, want)
				_, rerr := e.Read(make([]byte, 1))
				_, werr := e.Write([]byte("x"))
				if again := e.Abort(err); rerr != e.Err() || werr != e.Err() || again != e.Err() || e.State() != event.Failed {
					t.Errorf("%v, %v, %q: then it reads %v, writes %v, aborts %v in %v", version, e.Role(), why, rerr, werr, again, e.State())
				}
				if out := e.Output(); len(out) > 0 {
					t.Errorf("%v, %v, %q: it says more: %x", version, e.Role(), why, out)
				}
			}
		}
	}
}

// TestAbortAnyState: before any move of either end the connection can be ended; nobody
// panics, nobody is done afterwards, and exactly one alert goes out.
func TestAbortAnyState(t *testing.T) {
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		for role := range 2 {
			for at := 0; ; at++ {
				var sent []iana.AlertDescription
				hear := listener(func(e event.Event) {
					if a, ok := e.(*event.Alert); ok && a.Dir == event.Send && a.Level == iana.Fatal {
						sent = append(sent, a.Description)
					}
				})
				cc, sc := ends13(newLesson(t, "ecdsa"))
				cc.MaxVersion = version
				[]*handshake.Config{cc, sc}[role].Listener = hear
				c, err := handshake.NewClient(cc)
				if err != nil {
					t.Fatal(err)
				}
				s, err := handshake.NewServer(sc)
				if err != nil {
					t.Fatal(err)
				}
				ends := []*handshake.Endpoint{c, s}
				e, steps := ends[role], 0
				for moved := true; moved && steps < at; {
					moved = false
					for i, x := range ends {
						for steps < at {
							progress, err := x.Step()
							if err != nil {
								t.Fatal(err)
							}
							if !progress {
								break
							}
							steps, moved = steps+1, true
						}
						ends[1-i].Feed(x.Output())
					}
				}
				if steps < at { // both are done
					break
				}
				state := e.State()
				if err := e.Abort(reason.New(reason.AccessDenied, "", "", nil, nil)); err != nil {
					t.Errorf("%v, %v in %v: %v", version, e.Role(), state, err)
				}
				ends[1-role].Feed(e.Output())
				pump(c, s)
				if e.Done() || reason.Of(e.Err()) != reason.AccessDenied || ends[1-role].Err() == nil || len(sent) != 1 || sent[0] != iana.AccessDenied {
					t.Errorf("%v, %v in %v: %v, peer %v, sent %v", version, e.Role(), state, e.Err(), ends[1-role].Err(), sent)
				}
			}
		}
	}
}

// TestAbortForgets: who was not let in does not come back by the session.
func TestAbortForgets(t *testing.T) {
	cc, sc := ends(newLesson(t, "ecdsa"))
	cc.Sessions, sc.Sessions = session.NewMemory(0), session.NewMemory(0)
	_, s := mustShake(t, cc, sc)
	if err := s.Abort(reason.New(reason.AccessDenied, "", "", nil, nil)); err != nil {
		t.Fatal(err)
	}
	if c, _ := mustShake(t, cc, sc); c.Summary().Resumed {
		t.Error("resumed")
	}
}

// TestAbortLate: after close_notify there is nothing more to say (RFC 9846 §6.1).
func TestAbortLate(t *testing.T) {
	cc, sc := ends13(newLesson(t, "ecdsa"))
	c, s := mustShake(t, cc, sc)
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := c.Abort(errors.New("too late")); err == nil || c.Err() != nil {
		t.Errorf("it was sent: %v, %v", err, c.Err())
	}
	s.Feed(c.Output())
	if _, err := s.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the peer reads %v", err)
	}
}

type listener func(event.Event)

func (l listener) Event(e event.Event) { l(e) }
