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

// mostLastBlocks is how many last blocks a message may have (RFC 7692 §7.2.3.4): each costs a copy of what
// may be referred to. Senders have none, or one at its end.
const mostLastBlocks = 64

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
	src := bytes.NewReader(p)
	if !cut {
		src = bytes.NewReader(append(bytes.Clone(p), messageEnd...))
	}
	window := d.window
	for n := 0; src.Len() > 0; n++ {
		if err := r.(flate.Resetter).Reset(src, window); err != nil || n == mostLastBlocks {
			return out, true, errWSInflate
		}
		more, err := io.ReadAll(io.LimitReader(r, int64(room-len(out))+1))
		out = append(out, more...)
		switch {
		case len(out) > room, err == io.ErrUnexpectedEOF && cut: // of course
			return out, true, nil
		case err != nil:
			return out, true, errWSInflate
		}
		if src.Len() > 0 { // a last block amid the message: what follows refers back to it all the same (RFC 7692 §7.2.3.4)
			window = append(bytes.Clone(d.window), out...)
			window = window[max(0, len(window)-deflateWindow):]
		}
	}
	if cut {
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
