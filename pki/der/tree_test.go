package der

import (
	"encoding/pem"
	"os"
	"slices"
	"testing"
)

// node is an element as these tests take a document apart: with no syntax in mind, and
// no code of the walk.
type node struct {
	id     byte
	prefix []byte  // unused bits of a BIT STRING that holds elements
	bytes  []byte  // content, if kids is nil
	kids   []*node // what is inside, also inside a string
}

func read(t testing.TB, b []byte) *node {
	t.Helper()
	nodes, ok := elements(b)
	if !ok || len(nodes) != 1 {
		t.Fatalf("no document: %x", b)
	}
	return nodes[0]
}

func elements(b []byte) (nodes []*node, ok bool) {
	for len(b) > 0 {
		if len(b) < 2 || b[0]&0x1f == 0x1f {
			return nil, false
		}
		n, head := int(b[1]), 2
		if n >= 0x80 {
			head += n & 0x7f
			if n == 0x80 || head > 6 || len(b) < head {
				return nil, false
			}
			n = 0
			for _, c := range b[2:head] {
				n = n<<8 | int(c)
			}
		}
		if len(b)-head < n {
			return nil, false
		}
		x := &node{id: b[0], bytes: b[head : head+n]}
		inner, strict := x.bytes, false
		switch {
		case x.id&constructed != 0:
			strict = true
		case x.id == tagBitString && n > 2 && inner[0] == 0 && inner[1] == tagSequence:
			x.prefix, inner = inner[:1], inner[1:]
		case x.id == tagOctetString && n > 0:
		default:
			inner = nil
		}
		if inner != nil {
			kids, ok := elements(inner)
			if !ok && strict {
				return nil, false
			}
			if ok {
				x.kids = kids
			} else {
				x.prefix = nil
			}
		}
		nodes, b = append(nodes, x), b[head+n:]
	}
	return nodes, true
}

func (x *node) content() []byte {
	if x.kids == nil {
		return x.bytes
	}
	out := slices.Clone(x.prefix)
	for _, k := range x.kids {
		out = append(out, k.write()...)
	}
	return out
}

func (x *node) write() []byte {
	c := x.content()
	return slices.Concat([]byte{x.id}, length(len(c)), c)
}

func length(n int) []byte {
	switch {
	case n < 0x80:
		return []byte{byte(n)}
	case n < 0x100:
		return []byte{0x81, byte(n)}
	case n < 0x10000:
		return []byte{0x82, byte(n >> 8), byte(n)}
	}
	return []byte{0x83, byte(n >> 16), byte(n >> 8), byte(n)}
}

// all calls do with every node, outermost first, and its index among those.
func (x *node) all(do func(*node)) {
	do(x)
	for _, k := range x.kids {
		k.all(do)
	}
}

// at follows a path of indices.
func (x *node) at(path ...int) *node {
	for _, i := range path {
		x = x.kids[i]
	}
	return x
}

// extension finds an extension of a certificate by the content of its object identifier.
func (x *node) extension(id string) *node {
	for _, e := range x.at(0).kids[len(x.at(0).kids)-1].at(0).kids {
		if string(e.kids[0].bytes) == id {
			return e
		}
	}
	panic("no such extension")
}

// rich is a certificate with every extension that the modules know, made by OpenSSL 3.0
// out of its configuration.
func rich(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/rich.pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	return block.Bytes
}
