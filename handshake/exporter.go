package handshake

import (
	"crypto"
	"errors"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
)

// exporter is what keying material is exported from.
type exporter interface {
	// export refuses what its derivation has no room for.
	export(label string, context []byte, n int) ([]byte, error)
}

// exporter12 is the exporter of TLS 1.2 (RFC 5705).
type exporter12 struct {
	hash                       crypto.Hash
	master                     keyschedule.MasterSecret
	clientRandom, serverRandom [32]byte
}

// export has no bound on the label and on n: the PRF takes any, an empty label too (RFC
// 5705 §4). The context goes in behind two bytes of length.
func (x *exporter12) export(label string, context []byte, n int) ([]byte, error) {
	if n < 0 || len(context) > 1<<16-1 {
		return nil, errExport12
	}
	return x.master.Export(x.hash, label, x.clientRandom[:], x.serverRandom[:], context, n), nil
}

// exporter13 is TLS 1.3's (RFC 9846 §7.5).
type exporter13 struct {
	hash   crypto.Hash
	secret keyschedule.ExporterSecret
	early  *exporter13 // that of early data, if both ends had some; for later
}

// export has the bounds of HKDF-Expand-Label: label<7..255> has "tls13 " in front, and is not
// empty behind it (RFC 9846 §7.1); the output is at most 255 hashes long (RFC 5869 §2.3).
func (x *exporter13) export(label string, context []byte, n int) ([]byte, error) {
	if n < 0 || n > 255*x.hash.Size() || len(label) == 0 || len(label) > 249 {
		return nil, errExport13
	}
	return x.secret.Export(label, context, n), nil
}

// Export returns n bytes of keying material for another protocol (RFC 5705, RFC 9846
// §7.5). In TLS 1.2 a nil context differs from an empty one. It needs a complete
// handshake, and in TLS 1.2 extended master secret: without it the material is not
// bound to this connection, and RFC 7627 §5.4 forbids to export any. The bounds of label,
// context and n depend on the version: an error says them.
func (e *Endpoint) Export(label string, context []byte, n int) ([]byte, error) {
	switch {
	case e.state != event.Connected:
		return nil, errNotDone
	case e.summary.Version == iana.TLS12 && !e.summary.ExtendedMasterSecret:
		return nil, errNotBound
	}
	return e.exporter.export(label, context, n)
}

// ExportEarly returns n bytes of keying material that go with early data (RFC 9846 §7.5): known to
// both ends as soon as it is sent, at a client from then on unless the server rejects it, at
// a server once it takes it. As early data itself it can be replayed, and a thief of the PSK can
// compute it. What Export returns no replay repeats, and that thief computes it only where there was no
// key exchange (psk_ke). The bounds are those of Export in TLS 1.3.
func (e *Endpoint) ExportEarly(label string, context []byte, n int) ([]byte, error) {
	var x *exporter13
	switch after, _ := e.exporter.(*exporter13); {
	case e.summary.EarlyData != EarlyDataAccepted && e.summary.EarlyData != EarlyDataOffered:
	case e.early != nil:
		x = e.early.exports
	case after != nil:
		x = after.early
	}
	if x == nil {
		return nil, errNoEarlyData
	}
	return x.export(label, context, n)
}

// errNoEarlyData is what needs early data that both ends share.
var errNoEarlyData = errors.New("there is no early data that the peer has, or may yet take")

// errNotDone is what needs the handshake's result before there is one.
var errNotDone = errors.New("the handshake is not complete")

// What an exporter has no room for.
var (
	errExport12 = errors.New("a context has at most 65535 bytes, and keying material no less than none")
	errExport13 = errors.New("a label has 1 to 249 bytes, and keying material at most 255 times the hash's length")
)

// errNotBound is what needs extended master secret.
var errNotBound = errors.New("without extended master secret no keying material may be exported")
