package render

func (t *Pen) whoReads(b *block) {}
