package wire

import (
	"slices"
	"sync"
	"sync/atomic"
)

// place is where a field may be: a node in the tree of the names that walks have met. A walk that
// notes its fields asks the place of the group it is in for the places in it. So a path is put
// together once in a process, and not for each field of each message: half of what it costs to
// listen were names.
type place struct {
	name string
	path string                   // dotted, with the names of the groups around it
	in   atomic.Pointer[[]*place] // in the order met; a list is never changed, a longer one takes its place
}

// outside is the place of what is in no group.
var outside place

// maxPlaces bounds the tree. The messages of TLS have some 600 places, for names are constants
// of the code; but a structure that holds itself would have one for each depth, and its sender
// says how deep.
const maxPlaces = 4096

var places struct {
	sync.Mutex
	n int
}

// at is the place called name in p.
func (p *place) at(name string) *place {
	if in := p.in.Load(); in != nil {
		for _, x := range *in { // few, and most differ in length
			if x.name == name {
				return x
			}
		}
	}
	return p.grow(name)
}

// grow adds a place to the tree, where there is room in it.
func (p *place) grow(name string) *place {
	places.Lock()
	defer places.Unlock()
	var in []*place
	if have := p.in.Load(); have != nil {
		in = *have
		if i := slices.IndexFunc(in, func(x *place) bool { return x.name == name }); i >= 0 { // another walk was first
			return in[i]
		}
	}
	x := &place{name: name, path: join(p.path, name)}
	if places.n < maxPlaces {
		places.n++
		in = append(slices.Clip(in), x)
		p.in.Store(&in)
	}
	return x
}

func join(path, name string) string {
	switch {
	case name == "":
		return path
	case path == "":
		return name
	}
	return path + "." + name
}
