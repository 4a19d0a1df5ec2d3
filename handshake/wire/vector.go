package wire

import (
	"tlslab/handshake/reason"
)

// Block is what Enter, Begin or Length opened and End closes.
type Block struct {
	outer  int    // reading: the end of the enclosing vector
	start  int    // where the content begins
	prefix int    // bytes of the length in front; 0 if there is none
	group  int    // index of the group's Field; -1 if nobody listens or it has none
	around int    // the enclosing group's; likewise
	in     *place // the enclosing group's
	length int    // index of the length's Field; likewise
	named  bool
	field  string // the length's name, for a fault found at the end
	rule   string // the enclosing structure's
}

// Enter opens a group without a length of its own, such as an element of a list.
func (c *Codec) Enter(name string) Block {
	b := Block{outer: c.end, start: c.pos(), group: -1, around: c.group, in: c.place, length: -1, rule: c.rule}
	c.open(&b, name)
	return b
}

// Begin opens a vector that is a group: a length of prefix bytes, then content of
// at least min bytes that the calls up to End visit. The length is name.length.
func (c *Codec) Begin(prefix int, name string, min int) Block {
	b := Block{outer: c.end, prefix: prefix, group: -1, around: c.group, in: c.place, length: -1, rule: c.rule}
	c.open(&b, name)
	c.vector(&b, "length", min)
	return b
}

// Length opens a vector that is no group: the length is a leaf called name, and
// the content belongs to the enclosing group.
func (c *Codec) Length(prefix int, name string, min int) Block {
	b := Block{outer: c.end, prefix: prefix, group: -1, around: c.group, in: c.place, length: -1, rule: c.rule}
	c.vector(&b, name, min)
	return b
}

func (c *Codec) open(b *Block, name string) {
	b.named = true
	if c.err == nil && c.note != nil {
		b.group = len(*c.note)
		c.group = b.group
		at := c.place.at(name)
		c.field(at, c.pos(), 0, Group{})
		if c.depth < len(c.path) {
			c.place = at
		}
	}
	if c.depth < len(c.path) {
		c.path[c.depth] = name
	}
	c.depth++
}

func (c *Codec) vector(b *Block, name string, min int) {
	b.field = name
	v, ok := c.num(name, b.prefix, 0)
	if !ok {
		return
	}
	b.start = c.pos()
	if c.note != nil {
		b.length = len(*c.note)
		c.leaf(name, b.start-b.prefix, b.prefix, int(v))
	}
	if c.writing {
		return
	}
	switch n := int(v); {
	case n > c.end-c.off:
		c.Fail(reason.Truncated, name, reason.Say("%d bytes", n), reason.Say("%d left", c.end-c.off))
	case n < min:
		c.Fail(reason.BadLength, name, reason.Say("at least %d bytes", min), n)
	default:
		c.end = c.off + n
	}
}

// End closes b. Content that a Walk left unread is TrailingBytes.
func (c *Codec) End(b Block) {
	if c.err != nil {
		return
	}
	if b.prefix > 0 {
		if c.writing {
			c.patch(b)
		} else if c.off != c.end {
			c.FailAt(c.off, reason.TrailingBytes, "", nil, reason.Say("%d bytes more", c.end-c.off))
		}
		if c.err != nil {
			return
		}
	}
	c.end = b.outer
	if b.rule != "" { // else what follows the outermost structure is still left over from it
		c.rule = b.rule
	}
	if b.named {
		c.depth--
	}
	c.group, c.place = b.around, b.in
	if b.group >= 0 {
		f := &(*c.note)[b.group]
		f.Len = c.pos() - f.Off
	}
}

// patch writes the length that vector left zero.
func (c *Codec) patch(b Block) {
	n := c.pos() - b.start
	if uint64(n)>>(8*b.prefix) != 0 {
		c.FailAt(b.start-b.prefix, reason.BadLength, b.field, reason.Say("at most %d bytes", 1<<(8*b.prefix)-1), n)
		return
	}
	at := c.base + b.start
	for i := 1; i <= b.prefix; i++ {
		c.buf[at-i] = byte(n >> (8 * (i - 1)))
	}
	if b.length >= 0 {
		(*c.note)[b.length].Value = n
	}
}
