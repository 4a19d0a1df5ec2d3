package wire

// List visits a vector of elements, a group called name: elem visits one. min is
// in bytes. An elem that captures nothing costs no allocation.
func List[T any](c *Codec, prefix int, name string, list *[]T, min int, elem func(*Codec, *T)) {
	b := c.Begin(prefix, name, min)
	RestOf(c, list, elem)
	c.End(b)
}

// List16 visits a vector of two-byte numbers, each a leaf called elem.
func List16[T ~uint16](c *Codec, prefix int, name, elem string, list *[]T, min int) {
	b := c.Begin(prefix, name, min)
	Rest16(c, elem, list)
	c.End(b)
}

// List8 visits a vector of one-byte numbers, each a leaf called elem.
func List8[T ~uint8](c *Codec, prefix int, name, elem string, list *[]T, min int) {
	b := c.Begin(prefix, name, min)
	Rest8(c, elem, list)
	c.End(b)
}

// RestOf visits elements up to the end of the innermost open vector. When reading, an empty list may have room for them already.
func RestOf[T any](c *Codec, list *[]T, elem func(*Codec, *T)) {
	if c.writing {
		for i := range *list {
			elem(c, &(*list)[i])
		}
		return
	}
	if len(*list) > 0 || c.Left() == 0 {
		*list = nil
	}
	for c.Left() > 0 {
		before := c.off
		var zero T
		*list = append(*list, zero)
		elem(c, &(*list)[len(*list)-1])
		if c.err == nil && c.off == before {
			panic("wire: an element of " + c.dotted("") + " has no bytes")
		}
	}
}

// Rest16 visits two-byte numbers, each a leaf called elem, up to the end of the
// innermost open vector.
func Rest16[T ~uint16](c *Codec, elem string, list *[]T) {
	if !c.writing {
		*list = room[T](c.Left() / 2)
	}
	for i := range *list {
		U16(c, elem, &(*list)[i])
	}
	if c.Left() > 0 { // the odd byte: let the codec say what it is
		var half T
		U16(c, elem, &half)
	}
}

// Rest8 is Rest16 for one-byte numbers.
func Rest8[T ~uint8](c *Codec, elem string, list *[]T) {
	if !c.writing {
		*list = room[T](c.Left())
	}
	for i := range *list {
		U8(c, elem, &(*list)[i])
	}
}

// room is a slice of n elements; nil if n is 0, the one form for "empty".
func room[T any](n int) []T {
	if n == 0 {
		return nil
	}
	return make([]T, n)
}
