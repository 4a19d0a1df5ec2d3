package observe

import (
	"strconv"

	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/record"
)

// Part is a part of what is said on a connection that somebody may want to read.
type Part uint8

// The parts, in the order in which they are said as a rule.
const (
	PartHello             Part = iota // the ClientHello: whom it is to, what is offered
	PartServerCertificate             // one or more, and not an empty list
	PartClientCertificate
	PartHandshake // what is encrypted of it: in TLS 1.2 a Finished
	PartEarlyData // 0-RTT
	PartClientData
	PartServerData
	numParts
)

// Parts lists every Part.
func Parts() []Part {
	return []Part{PartHello, PartServerCertificate, PartClientCertificate, PartHandshake, PartEarlyData, PartClientData, PartServerData}
}

// String is a stable key.
func (p Part) String() string {
	names := [numParts]string{"hello", "server_certificate", "client_certificate", "handshake", "early_data", "client_data", "server_data"}
	if p >= numParts {
		return "Part(" + strconv.Itoa(int(p)) + ")"
	}
	return names[p]
}

// Tally is what an observer read of each part, and what stayed closed that may have been of it.
type Tally struct {
	Read [numParts]int // messages; of data, records that had any
	// Sealed are records that stayed closed. In TLS 1.2 a record says what it carries. In TLS
	// 1.3 it says nothing: those of PartClientData and PartServerData are all that went by
	// there, the handshake's with them, until a key opened what comes behind the handshake.
	Sealed [numParts]int
}

// dataOf is the application data that goes in a direction now. Without keys it can be told of
// 0-RTT data alone that goes by before the ServerHello that it is such.
func (o *Observer) dataOf(h *half) Part {
	switch {
	case h.server:
		return PartServerData
	case h.inEarly() || h.closed && o.serverHello == nil || o.isEarly(h):
		return PartEarlyData
	}
	return PartClientData
}

// tallyMessage counts a message that was read.
func (o *Observer) tallyMessage(h *half, m message.Message, protected bool) {
	t := &o.report.Tally
	if protected {
		t.Read[PartHandshake]++
	}
	certificates := 0
	switch m := m.(type) {
	case *message.ClientHello:
		t.Read[PartHello]++
	case *message.Certificate12:
		certificates = len(m.Certificates)
	case *message.Certificate13:
		certificates = len(m.Entries)
	case *message.CompressedCertificate:
		certificates = 1
	}
	switch {
	case certificates > 0 && h.server:
		t.Read[PartServerCertificate]++
	case certificates > 0:
		t.Read[PartClientCertificate]++
	}
}

// tallySealed counts a record that stayed closed.
func (o *Observer) tallySealed(h *half, r *record.Record) {
	t := &o.report.Tally
	switch {
	case o.is13() || hides(r.Wire):
		t.Sealed[o.dataOf(h)]++
	case r.Type == iana.Handshake:
		t.Sealed[PartHandshake]++
	}
}

// tallyReached: a key opens what comes now, so what stayed closed before it is known for what it was.
func (o *Observer) tallyReached(h *half, to stage) {
	t, from, of := &o.report.Tally, PartClientData, PartHandshake
	switch {
	case h.server:
		from = PartServerData
	case to == handshaking:
		of = PartEarlyData
	}
	t.Sealed[of] += t.Sealed[from]
	t.Sealed[from] = 0
}
