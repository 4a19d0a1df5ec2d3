package observe

// Keeps is how many bytes of the recording a panel holds, for those who may gain keys.
func (p *Panel) Keeps() (n int) {
	for _, s := range p.kept {
		n += len(s.bytes)
	}
	for _, f := range p.flows {
		n += len(f.buf)
		for _, rec := range f.kept {
			n += len(rec)
		}
	}
	return n
}
