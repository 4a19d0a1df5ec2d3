package handshake

import (
	"crypto/subtle"
	"crypto/x509"
	"fmt"
	"sync"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// keys12 is what both roles of TLS 1.2 do alike: from the premaster secret to the
// keys, ChangeCipherSpec, Finished.
type keys12 struct {
	clientRandom, serverRandom message.Random
	exchange                   kx.Exchange
	session                    *session.Session // being resumed, or nil
	ems                        bool
	master                     keyschedule.MasterSecret
	block                      keyschedule.KeyBlock
	compress                   record.Compressor
	decompress                 record.Compressor
}

// deriveMaster turns the premaster secret into the master secret. The transcript
// must reach to ClientKeyExchange, and no further (RFC 7627 §3).
func (k *keys12) deriveMaster(e *Endpoint, pre []byte) {
	h := e.summary.Suite.Hash
	var sessionHash []byte
	if k.ems {
		sessionHash = e.transcriptHash(len(e.transcript.bytes))
		k.master = keyschedule.PreMasterSecret(pre).ExtendedMaster(h, sessionHash)
	} else {
		k.master = keyschedule.PreMasterSecret(pre).Master(h, k.clientRandom[:], k.serverRandom[:])
	}
	if e.revealing() {
		k.tellMaster(e, pre, sessionHash)
	}
}

// tellMaster is apart for the reason that tellKeys has.
func (k *keys12) tellMaster(e *Endpoint, pre, sessionHash []byte) {
	s := event.Secret{Label: event.LabelMasterSecret, Function: event.FunctionPRF, Method: "PRF", Op: event.OpHash, Hash: e.summary.Suite.Hash.String(), Tag: "master secret",
		Inputs: []event.Input{event.Private("premaster_secret", pre, event.LabelPremasterSecret)}, Value: k.master[:]}
	if k.ems {
		s.Tag, s.Inputs = "extended master secret", append(s.Inputs, event.Public("session_hash", sessionHash))
	} else {
		s.Inputs = append(s.Inputs, event.Public("client_random", k.clientRandom[:]), event.Public("server_random", k.serverRandom[:]))
	}
	e.secret(s)
}

// tellSession tells of the master secret that a session has brought.
func (k *keys12) tellSession(e *Endpoint) {
	e.secret(event.Secret{Label: event.LabelMasterSecret, Function: event.FunctionSession, Method: "session", Value: k.master[:]})
}

// deriveKeys cuts the key block (RFC 5246 §6.3), and logs the master secret.
func (k *keys12) deriveKeys(e *Endpoint) error {
	c, h := e.summary.Suite.Cipher, e.summary.Suite.Hash
	k.block = k.master.KeyBlock(h, k.clientRandom[:], k.serverRandom[:], c.MACLen, c.KeyLen, c.FixedIVLen)
	if e.revealing() {
		k.tellKeys(e)
	}
	e.exporter = &exporter12{h, k.master, k.clientRandom, k.serverRandom}
	return e.logKey("CLIENT_RANDOM", k.clientRandom[:], k.master[:])
}

// tellKeys tells of the key block and its parts. It is apart because what it builds would
// be on the stack of those who need none of it.
func (k *keys12) tellKeys(e *Endpoint) {
	e.secret(event.Secret{Label: event.LabelKeyBlock, Function: event.FunctionPRF, Method: "PRF", Op: event.OpHash, Hash: e.summary.Suite.Hash.String(), Tag: "key expansion",
		Inputs: []event.Input{event.Private("master_secret", k.master[:], event.LabelMasterSecret),
			event.Public("server_random", k.serverRandom[:]), event.Public("client_random", k.clientRandom[:])},
		Value: k.block.Raw})
	at := 0
	for _, p := range []struct {
		label event.SecretLabel
		value []byte
	}{{event.LabelClientWriteMACKey, k.block.ClientMAC}, {event.LabelServerWriteMACKey, k.block.ServerMAC},
		{event.LabelClientWriteKey, k.block.ClientKey}, {event.LabelServerWriteKey, k.block.ServerKey},
		{event.LabelClientWriteIV, k.block.ClientIV}, {event.LabelServerWriteIV, k.block.ServerIV}} {
		if len(p.value) > 0 {
			e.secret(event.Secret{Label: p.label, Op: event.OpNone, Function: event.FunctionPart, Off: at,
				Method: fmt.Sprintf("key_block[%d:%d]", at, at+len(p.value)), Value: p.value,
				Inputs: []event.Input{event.Private("key_block", k.block.Raw, event.LabelKeyBlock)}})
		}
		at += len(p.value)
	}
}

// change puts one direction under its new keys.
func (k *keys12) change(e *Endpoint, d event.Direction) error {
	s := e.summary.Suite
	keys := suite.Keys{MAC: k.block.ClientMAC, Key: k.block.ClientKey, IV: k.block.ClientIV}
	if (e.role == event.Server) == (d == event.Send) {
		keys = suite.Keys{MAC: k.block.ServerMAC, Key: k.block.ServerKey, IV: k.block.ServerIV}
	}
	p, err := s.Cipher.Protect(keys, suite.Options{EncryptThenMAC: e.summary.EncryptThenMAC, Rand: e.cfg.rand()})
	if err != nil {
		return err
	}
	if d == event.Send {
		e.ch.wr.Change(p, k.compress)
	} else {
		e.ch.rd.Change(p, k.decompress)
		if e.summary.RecordSizeLimit != 0 { // from here on (RFC 8449 §4)
			e.ch.rd.SetLimit(e.cfg.RecordSizeLimit, iana.ExtRecordSizeLimit)
		}
	}
	e.noteKeyChange(d, event.ApplicationKeys, s.ID)
	return nil
}

// sendChangeCipherSpec says that what follows is under the new keys.
func (k *keys12) sendChangeCipherSpec(e *Endpoint) error {
	if err := e.writeChangeCipherSpec(); err != nil {
		return err
	}
	return k.change(e, event.Send)
}

// verifyData is what the Finished of a role must hold: proof that it has the
// master secret and saw the same messages: the first transcript bytes of them.
func (k *keys12) verifyData(e *Endpoint, role event.Role, transcript int) [12]byte {
	h := e.summary.Suite.Hash
	hash := e.transcriptHash(transcript)
	var v [12]byte
	tag := "client finished"
	if role == event.Client {
		v = k.master.ClientFinished(h, hash)
	} else {
		v = k.master.ServerFinished(h, hash)
		tag = "server finished"
	}
	if e.revealing() {
		e.secret(event.Secret{Label: role.Labels().VerifyData, Function: event.FunctionPRF, Method: "PRF", Op: event.OpHash, Hash: h.String(), Tag: tag,
			Inputs: []event.Input{event.Private("master_secret", k.master[:], event.LabelMasterSecret), event.Public("handshake_hash", hash)},
			Value:  v[:]})
	}
	return v
}

func (k *keys12) sendFinished(e *Endpoint) error {
	v := k.verifyData(e, e.role, len(e.transcript.bytes))
	return e.send(&message.Finished{VerifyData: v[:]})
}

func (k *keys12) checkFinished(e *Endpoint, m *message.Finished) error {
	peer := event.Client
	if e.role == event.Client {
		peer = event.Server
	}
	if err := checkVerifyDataLen(m, 12, "RFC 5246 §7.4.9"); err != nil { // no suite has asked for another length
		return err
	}
	want := k.verifyData(e, peer, e.transcript.mark)
	var err error
	if subtle.ConstantTimeCompare(want[:], m.VerifyData) != 1 {
		// The two values are no secret from a peer that could compute them, and
		// worthless to one that could not: the connection ends here.
		err = &reason.Error{Reason: reason.BadFinished, Ref: "RFC 5246 §7.4.9", Field: "finished.verify_data", Off: 4,
			Want: fmt.Sprintf("%x", want), Got: fmt.Sprintf("%x", m.VerifyData)}
	}
	if e.listening() {
		e.checked(event.Check{What: event.CheckFinished, Op: event.OpHash, Method: e.summary.Suite.Hash.String(), Err: err,
			Inputs: compared(want[:], peer.Labels().VerifyData, m.VerifyData)})
	}
	return err
}

// compared are what a check compares: the value that was computed here, and told under a
// label, and the one that came.
func compared(want []byte, told event.SecretLabel, got []byte) []event.Input {
	in := []event.Input{event.Public("expected", want), event.Public("received", got)}
	in[0].From = told
	return in
}

// checkVerifyDataLen refuses a Finished that is no Finished of n bytes: that is a matter of form,
// and so decode_error (RFC 5246 §7.2.2, RFC 9846 §6.2), not one of what the bytes prove.
func checkVerifyDataLen(m *message.Finished, n int, ref string) error {
	if len(m.VerifyData) == n {
		return nil
	}
	return &reason.Error{Reason: reason.BadLength, Ref: ref, Field: "finished.verify_data", Off: 4,
		Want: reason.Say("%d bytes", n), Got: len(m.VerifyData)}
}

// logKey writes a line of the NSS key log (RFC 9850).
func (e *Endpoint) logKey(label string, clientRandom, secret []byte) error {
	if e.cfg.KeyLog == nil {
		return nil
	}
	keyLog.Lock()
	defer keyLog.Unlock()
	if _, err := fmt.Fprintf(e.cfg.KeyLog, "%s %x %x\n", label, clientRandom, secret); err != nil {
		return fmt.Errorf("writing the key log: %w", err)
	}
	return nil
}

// keyLog keeps lines whole: connections share a Config, and an io.Writer has no lock.
var keyLog sync.Mutex

// signedParams is what the server signs: both randoms, so that the signature is
// of this handshake only, and its parameters (RFC 5246 §7.4.3).
func (k *keys12) signedParams(m message.ServerKeyExchange) ([]byte, error) {
	b := make([]byte, 0, 64+256)
	b = append(append(b, k.clientRandom[:]...), k.serverRandom[:]...)
	return m.AppendParams(b)
}

// verifyChain decides about the peer's chain.
func (e *Endpoint) verifyChain(chain []*x509.Certificate, serverName string, fromServer bool, staple []byte) error {
	in := ChainInput{Chain: chain, Roots: e.cfg.Roots, ServerName: serverName, Time: e.now(),
		FromServer: fromServer, Staple: staple, MustStaple: fromServer && e.cfg.Stapling, Explain: e.listening()}
	in.KeyUsage, in.Version = e.usageOf(fromServer), e.summary.Version
	report, err := e.cfg.verifyChain(in)
	e.summary.Report = report
	if e.listening() {
		verdict := err
		if err == nil && report != nil && report.Err != nil {
			verdict = report.Err // a VerifyChain that lets a bad chain pass does not make it a good one
		}
		e.checked(event.Check{What: event.CheckCertificateChain, Op: event.OpAsymmetric, Report: report, Err: verdict})
	}
	if e.cfg.Weak.SkipVerify {
		if err != nil {
			e.decided(event.DecisionTrust, "ignored", nil, event.WhySkipVerify)
		}
		err = nil
	}
	if err != nil {
		return err
	}
	return e.checkKeyUsage(chain[0], fromServer)
}

// verifyChain judges a chain: one just shown with all there is to compute, one
// kept without computing a signature twice.
func (c *Config) verifyChain(in ChainInput) (*pki.Report, error) {
	if c.VerifyChain != nil {
		report, err := c.VerifyChain(in)
		return report, judged(err, in.Time)
	}
	o := pki.VerifyOptions{Roots: in.Roots, ServerName: in.ServerName, Time: in.Time,
		Staple: in.Staple, HeedMustStaple: in.MustStaple, Explain: in.Explain, Signatures: &signatures, Recompute: !in.Kept, KeyUsage: in.KeyUsage, Version: in.Version}
	if !in.FromServer {
		o.Usage = pki.ClientAuth
	}
	return pki.Verify(in.Chain, o)
}

// signatures remembers which certificates were found to be signed by which keys.
var signatures pki.SignatureCache
