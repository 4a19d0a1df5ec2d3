// Package dissect takes capture files apart, from the outside in: files into packets,
// packets into TCP segments and UDP datagrams, segments into the two streams of bytes of
// each connection, with what is missing from them named.
//
// It reads what others recorded: pcap and pcapng, of Ethernet, Linux's "any" device, a
// loopback or bare IP. A recorder sees what went by where it stood, so packets are doubled,
// late, cut short or missing, and both ends may have heard what it did not. Nothing here
// guesses: bytes that the file lacks are a Gap of so many bytes, and two versions of the
// same bytes are told of as an Overlap, with both.
//
// It knows nothing of TLS, opens nothing and keeps nothing of a connection but what is
// out of order, and the last few kilobytes of the directions that spoke last to hold what is sent again against;
// memory is bounded for each and for all. With more connections open at a time than there is room for
// (twelve thousand, and as many again on which nobody has spoken), the one that was silent longest is given up. Files, layers and fragments of IP
// are gopacket's work; its reassembly of TCP drops one of two versions without a word, so
// that part is ours.
//
// It stands apart from package capture, which writes: whoever records, as a proxy does, links nothing
// of this, and what one end of a connection is to a writer (Conn, Stream) it is not to a reader.
//
// Read reader.go (packets) and blocks.go (what of pcapng is let through), then layers.go (segments),
// then tcp.go (streams) and waiting.go (what waits for what).
package dissect
