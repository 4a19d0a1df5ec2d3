package render

import (
	"crypto/sha256"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/render/sheet"
)

// sent is what was sent and what no other party has yet told of receiving. The first key is
// its kind and length: so what was not sent is seldom hashed to find that out. The second is
// its hash, and not its bytes: if a live end tells only of its own side, nothing that it sends is
// ever told of as received. For such, there is a limit besides.
type sent struct {
	like map[parcel]map[[sha256.Size]byte][]sending
	n    int   // things sent so far
	last []key // of the last maxSent, each at its number modulo maxSent
}

// parcel is a record, a message, data or an alert, and its length in bytes.
type parcel struct {
	what string
	n    int
}

// key is what a thing that was sent is found by.
type key struct {
	parcel
	id [sha256.Size]byte
}

// sending is who has sent it.
type sending struct {
	leg sheet.Leg
	n   int // of all that was sent, from 0
}

// maxSent is how many things are remembered: whoever receives one tells so before as many more are
// sent. It is several flights of the longest chain in the shortest of records.
const maxSent = 1 << 10

func newSent() sent { return sent{like: map[parcel]map[[sha256.Size]byte][]sending{}} }

// track notes what is sent; for what is received it reports whether another party
// told of sending just that.
func (f *flow) track(l sheet.Leg, d event.Direction, what string, raw []byte) bool {
	p := parcel{what, len(raw)}
	if d == event.Send {
		f.sent.add(key{p, sha256.Sum256(raw)}, l)
		return false
	}
	like := f.sent.like[p]
	if len(like) == 0 {
		return false
	}
	id := sha256.Sum256(raw)
	i := slices.IndexFunc(like[id], func(from sending) bool {
		if what == "alert" && from.leg.Party != f.Peer(l) {
			return false // all orderly ends are the same two bytes
		}
		return from.leg.Party != l.Party
	})
	if i < 0 {
		return false
	}
	f.sent.forget(key{p, id}, i)
	return true
}

// add notes what is sent, in the place of what was sent so long ago that nobody will tell of
// receiving it.
func (s *sent) add(k key, l sheet.Leg) {
	if s.n < maxSent {
		s.last = append(s.last, k)
	} else {
		old := s.last[s.n%maxSent]
		if i := slices.IndexFunc(s.like[old.parcel][old.id], func(x sending) bool { return x.n == s.n-maxSent }); i >= 0 {
			s.forget(old, i)
		}
		s.last[s.n%maxSent] = k
	}
	if s.like[k.parcel] == nil {
		s.like[k.parcel] = map[[sha256.Size]byte][]sending{}
	}
	s.like[k.parcel][k.id] = append(s.like[k.parcel][k.id], sending{l, s.n})
	s.n++
}

// forget forgets the i-th of those who have sent this.
func (s *sent) forget(k key, i int) {
	like := s.like[k.parcel]
	if like[k.id] = slices.Delete(like[k.id], i, i+1); len(like[k.id]) == 0 {
		if delete(like, k.id); len(like) == 0 {
			delete(s.like, k.parcel)
		}
	}
}
