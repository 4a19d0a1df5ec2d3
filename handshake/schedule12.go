package handshake

import (
	"crypto/subtle"
	"fmt"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
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
			e.ch.rd.SetLimit(e.cfg.recordSizeLimit(iana.TLS12), iana.ExtRecordSizeLimit)
		}
	}
	e.noteKeyChange(d, event.ApplicationKeys, s.ID)
	return nil
}

// sendChange says that what follows is under the new keys.
func (k *keys12) sendChange(e *Endpoint) error {
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
		e.secret(event.Secret{Label: role.Labels().VerifyData, Function: event.FunctionPRF, Method: "PRF", Op: event.OpHash, Hash: h.String(), Tag: tag}, v[:],
			event.Private("master_secret", k.master[:], event.LabelMasterSecret), event.Public("handshake_hash", hash))
	}
	return v
}

func (k *keys12) writeFinished(e *Endpoint) error {
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
		e.checked(event.Check{What: event.CheckFinished, Op: event.OpHash, Method: e.summary.Suite.Hash.String(), Err: err},
			expected(want[:], peer.Labels().VerifyData), event.Public("received", m.VerifyData))
	}
	if err != nil {
		return err
	}
	return e.verifyConnection()
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
