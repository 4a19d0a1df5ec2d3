package relay

import (
	"bytes"
	"compress/flate"
	"io"
	"sync"
)

// deflated is what one side of a WebSocket compresses (RFC 7692 §7).
type deflated struct {
	agreed   bool
	takeover bool   // a message may refer back to those before it
	window   []byte // the last of those, where it may
}

// deflateWindow is how far back a message may refer: the largest window of RFC 7692 §7.1.2.
const deflateWindow = 1 << 15

// messageEnd is what a sender leaves out behind each message (RFC 7692 §7.2.1), and an empty last
// block, by which a reader that knows nothing of this sees that it is over.
const messageEnd = "\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff"

// inflaters are flate's readers: each holds 40 KiB, and is used only within a call.
var inflaters = sync.Pool{New: func() any { return flate.NewReader(bytes.NewReader(nil)) }}

// most is how much is held of a message that is still to be inflated to room bytes. What is longer
// either makes more than those, or is padded with blocks of nothing.
func (d *deflated) most(room int) int {
	if room == 0 {
		return 0
	}
	return 2*room + 1024
}

// forget gives up what messages to come may refer to: none is inflated any more.
func (d *deflated) forget() { d.window = nil }

// inflate returns at most room bytes and one of a message, so that whoever cuts it sees that there
// are more. cut says that p is only its beginning, and then of the result.
func (d *deflated) inflate(p []byte, room int, cut bool) (out []byte, isCut bool, err error) {
	r := inflaters.Get().(io.ReadCloser)
	defer inflaters.Put(r)
	src := io.MultiReader(bytes.NewReader(p), bytes.NewReader([]byte(messageEnd)))
	if cut {
		src = bytes.NewReader(p)
	}
	if err := r.(flate.Resetter).Reset(src, d.window); err != nil {
		return nil, true, errWSInflate
	}
	out, err = io.ReadAll(io.LimitReader(r, int64(room)+1))
	over := len(out) > room
	switch {
	case err == nil || over:
		err = nil
	case cut && err == io.ErrUnexpectedEOF: // of course
		err = nil
	default:
		return out, true, errWSInflate
	}
	if cut || over {
		return out, true, nil
	}
	if d.takeover {
		d.window = append(d.window, out...)
		if n := len(d.window) - deflateWindow; n > 0 {
			d.window = append(d.window[:0], d.window[n:]...)
		}
	}
	return out, false, nil
}
