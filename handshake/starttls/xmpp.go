package starttls

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// Names of XMPP (RFC 6120).
const (
	nsClient  = "jabber:client"
	nsServer  = "jabber:server"
	nsStreams = "http://etherx.jabber.org/streams"
	nsTLS     = "urn:ietf:params:xml:ns:xmpp-tls"
)

// xmpp is RFC 6120 §5: both sides open a stream, the server lists its features, and the stream
// ends where TLS begins. The server may not put even a blank behind <proceed/> (§5.3.3).
func (d *dialogue) xmpp() error {
	ns := nsClient
	if d.protocol == XMPPServer {
		ns = nsServer
	}
	var to strings.Builder
	_ = xml.EscapeText(&to, []byte(d.options.Host)) // a Builder takes everything
	d.stanza("<?xml version='1.0'?><stream:stream xmlns='" + ns + "' xmlns:stream='" + nsStreams + "' to='" + to.String() + "' version='1.0'>")
	read := &octetReader{d: d}
	in := xml.NewDecoder(read)
	if _, err := d.element(in, read, nsStreams, "stream"); err != nil {
		return err
	}
	d.stage = Offering
	read.taken = nil
	start, err := d.start(in, read)
	if err != nil {
		return err
	}
	if start.Name != (xml.Name{Space: nsStreams, Local: "features"}) {
		return d.ended(in, read, start)
	}
	offered := false
	for depth := 1; depth > 0; {
		t, err := d.token(in, read)
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			depth++
			offered = offered || t.Name == xml.Name{Space: nsTLS, Local: "starttls"}
		case xml.EndElement:
			depth--
		}
	}
	if err := d.heard(string(read.taken), nil); err != nil {
		return err
	}
	if !offered {
		return d.fault(Lacking, "")
	}
	d.stage = Asked
	d.stanza("<starttls xmlns='" + nsTLS + "'/>")
	read.taken = nil
	if start, err = d.start(in, read); err != nil {
		return err
	}
	if start.Name != (xml.Name{Space: nsTLS, Local: "proceed"}) {
		return d.ended(in, read, start)
	}
	if t, err := d.token(in, read); err != nil {
		return err
	} else if _, ends := t.(xml.EndElement); !ends {
		return d.strange(read)
	}
	return d.heard(string(read.taken), nil)
}

// stanza sends XML.
func (d *dialogue) stanza(s string) { d.send(s, []byte(s), nil) }

// element takes an opening tag of that name, and notes what stands up to it.
func (d *dialogue) element(in *xml.Decoder, read *octetReader, space, name string) (xml.StartElement, error) {
	start, err := d.start(in, read)
	if err != nil {
		return start, err
	}
	if start.Name != (xml.Name{Space: space, Local: name}) {
		return start, d.strange(read)
	}
	return start, d.heard(string(read.taken), nil)
}

// start takes what comes up to an opening tag.
func (d *dialogue) start(in *xml.Decoder, read *octetReader) (xml.StartElement, error) {
	for {
		t, err := d.token(in, read)
		if err != nil {
			return xml.StartElement{}, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			return t, nil
		case xml.EndElement: // of the stream
			return xml.StartElement{}, d.strange(read)
		case xml.CharData:
			if strings.TrimSpace(string(t)) != "" {
				return xml.StartElement{}, d.strange(read)
			}
		}
	}
}

// ended takes the rest of an element by which a server gives up, and says so.
func (d *dialogue) ended(in *xml.Decoder, read *octetReader, start xml.StartElement) error {
	failed := start.Name == xml.Name{Space: nsStreams, Local: "error"} || start.Name == xml.Name{Space: nsTLS, Local: "failure"}
	for depth := 1; depth > 0; {
		t, err := d.token(in, read)
		if err != nil {
			return err
		}
		switch t.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
	if !failed {
		return d.strange(read)
	}
	if err := d.heard(string(read.taken), nil); err != nil {
		return err
	}
	return d.fault(Refused, d.last())
}

// token takes one token. XMPP has no comments, no processing instructions but the first line, and
// no document types (RFC 6120 §11.1).
func (d *dialogue) token(in *xml.Decoder, read *octetReader) (xml.Token, error) {
	before := in.InputOffset()
	t, err := in.Token()
	var mine *Error
	switch {
	case errors.As(err, &mine):
		if len(read.taken) > 0 {
			d.hear(read.taken)
		}
		return nil, mine
	case err != nil:
		return nil, d.strange(read)
	}
	switch t.(type) {
	case xml.Comment, xml.Directive:
		return nil, d.strange(read)
	case xml.ProcInst: // also of the XML declaration there is one (XML §2.8)
		if before > 0 {
			return nil, d.strange(read)
		}
	}
	return t, nil
}

// strange is for what is no XMPP.
func (d *dialogue) strange(read *octetReader) error {
	d.hear(append(read.taken, d.ahead...))
	d.ahead = nil
	return d.fault(Strange, d.last())
}

// octetReader gives a decoder no more than it asks for, octet by octet: what stands behind the
// last tag is not for it.
type octetReader struct {
	d     *dialogue
	taken []byte
}

// ReadByte keeps the decoder from reading ahead.
func (r *octetReader) ReadByte() (byte, error) {
	b, err := r.d.octets(1)
	if err != nil {
		return 0, err
	}
	r.taken = append(r.taken, b[0])
	return b[0], nil
}

// Read is here because an xml.Decoder wants an io.Reader.
func (r *octetReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := r.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = b
	return 1, nil
}

var _ io.ByteReader = (*octetReader)(nil)
