package proxy

import (
	"net"
	"net/netip"
	"slices"
)

// isOwn reports whether a is where this proxy listens: to go there would never end. One that
// listens on every address (0.0.0.0, or :: for both families) is at each that this machine has.
func (p *Proxy) isOwn(a net.Addr) bool {
	p.mu.Lock()
	own := slices.Clone(p.own)
	p.mu.Unlock()
	to, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return slices.Contains(own, a.String())
	}
	return slices.ContainsFunc(own, func(text string) bool {
		at, err := netip.ParseAddrPort(text)
		return err == nil && at.Port() == to.Port() && leadsTo(to.Addr().Unmap(), at.Addr().Unmap())
	})
}

// leadsTo reports whether who goes to the address to comes to a listener at the address at, of
// this machine.
func leadsTo(to, at netip.Addr) bool {
	switch {
	case to == at:
		return true
	case !at.IsUnspecified(), at.Is4() && !to.Is4():
		return false
	case to.IsLoopback():
		return true
	}
	addrs, err := net.InterfaceAddrs()
	return err == nil && slices.ContainsFunc(addrs, func(a net.Addr) bool {
		here, err := netip.ParsePrefix(a.String())
		return err == nil && here.Addr().Unmap() == to.WithZone("")
	})
}
