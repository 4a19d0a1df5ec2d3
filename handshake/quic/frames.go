package quic

import (
	"fmt"
)

// FrameType is the type of a frame (RFC 9000 §12.4).
type FrameType uint64

// The frames that an Initial packet can hold (RFC 9000 §17.2.2).
const (
	Padding         FrameType = 0x00
	Ping            FrameType = 0x01
	Ack             FrameType = 0x02
	AckECN          FrameType = 0x03
	Crypto          FrameType = 0x06
	ConnectionClose FrameType = 0x1c
)

// String returns the name that RFC 9000 §19 has for it, "CRYPTO", or the number in hex.
func (t FrameType) String() string {
	switch t {
	case Padding:
		return "PADDING"
	case Ping:
		return "PING"
	case Ack, AckECN:
		return "ACK"
	case Crypto:
		return "CRYPTO"
	case ConnectionClose:
		return "CONNECTION_CLOSE"
	}
	return fmt.Sprintf("0x%02x", uint64(t))
}

// A Frame is one frame of a payload, whose bytes it shares. PADDING frames in a row are one
// Frame, and so are PING frames; Len is how many.
type Frame struct {
	Type     FrameType
	Off, Len int // in the payload
	// Offset and Data are CRYPTO's.
	Offset uint64
	Data   []byte
	// Largest and Ranges are ACK's: the largest packet number that came, and how many ranges
	// of numbers are named.
	Largest uint64
	Ranges  int
	// Code, Frame and Reason are CONNECTION_CLOSE's: an error's number (RFC 9000 §20.1), the
	// type of frame that brought it about, and words of the peer's.
	Code    uint64
	Trigger FrameType
	Reason  string
}

// Alert is the alert of TLS that a CONNECTION_CLOSE stands for (RFC 9001 §4.8).
func (f *Frame) Alert() (number uint8, ok bool) {
	return uint8(f.Code), f.Type == ConnectionClose && f.Code>>8 == 1
}

// MaxFrames is how many frames of a packet are read: what no end needs is work and memory for nothing.
const MaxFrames = 1024

// Frames reads a payload of an Initial packet. With an error it returns what stands before
// the fault: a frame that cannot be read, one that no Initial packet may hold, or one more than MaxFrames.
func Frames(payload []byte) (all []Frame, err error) { return appendFrames(nil, payload) }

// appendFrames is Frames, to all, which is empty.
func appendFrames(all []Frame, payload []byte) ([]Frame, error) {
	r := reader{b: payload}
	for r.left() > 0 {
		if len(all) == MaxFrames {
			return all, fmt.Errorf("%w: an Initial packet with more than %d frames", ErrForm, MaxFrames)
		}
		f := Frame{Off: r.off}
		f.Type = FrameType(r.number())
		switch f.Type {
		case Padding, Ping:
			for r.left() > 0 && payload[r.off] == byte(f.Type) && r.off > f.Off {
				r.off++
			}
		case Ack, AckECN:
			f.ack(&r)
		case Crypto:
			f.Offset = r.number()
			f.Data = r.bytes(r.count())
		case ConnectionClose:
			f.Code, f.Trigger = r.number(), FrameType(r.number())
			f.Reason = string(r.bytes(r.count()))
		default:
			return all, fmt.Errorf("%w: an Initial packet with a frame of type %v", ErrForm, f.Type)
		}
		if r.short {
			return all, fmt.Errorf("%w: a frame of type %v is cut short", ErrForm, f.Type)
		}
		f.Len = r.off - f.Off
		all = append(all, f)
	}
	return all, nil
}

func (f *Frame) ack(r *reader) {
	f.Largest = r.number()
	r.number() // ACK Delay
	more := r.number()
	r.number() // First ACK Range
	f.Ranges = 1
	for ; more > 0 && !r.short; more-- {
		r.number() // Gap
		r.number() // ACK Range Length
		f.Ranges++
	}
	if f.Type == AckECN {
		r.number()
		r.number()
		r.number()
	}
}

// errorNames are the errors of the transport (RFC 9000 §20.1, RFC 9368 §10.2).
var errorNames = [...]string{"NO_ERROR", "INTERNAL_ERROR", "CONNECTION_REFUSED", "FLOW_CONTROL_ERROR", "STREAM_LIMIT_ERROR", "STREAM_STATE_ERROR", "FINAL_SIZE_ERROR",
	"FRAME_ENCODING_ERROR", "TRANSPORT_PARAMETER_ERROR", "CONNECTION_ID_LIMIT_ERROR", "PROTOCOL_VIOLATION", "INVALID_TOKEN", "APPLICATION_ERROR",
	"CRYPTO_BUFFER_EXCEEDED", "KEY_UPDATE_ERROR", "AEAD_LIMIT_REACHED", "NO_VIABLE_PATH", "VERSION_NEGOTIATION_ERROR"}

// ErrorName is what RFC 9000 §20.1 calls the error of a CONNECTION_CLOSE, "INVALID_TOKEN", or
// the number in hex. CRYPTO_ERROR is followed by its number: the last byte is an alert's.
func ErrorName(code uint64) string {
	switch {
	case code < uint64(len(errorNames)):
		return errorNames[code]
	case code>>8 == 1:
		return fmt.Sprintf("CRYPTO_ERROR 0x%x", code)
	}
	return fmt.Sprintf("0x%x", code)
}
