package proxy

// Sessions is how many connections are not over yet; what is kept of one that is, is kept
// by then.
func (p *Proxy) Sessions() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sessions)
}
