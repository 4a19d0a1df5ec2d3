package relay

import (
	"errors"
	"net/http"
	"strconv"
)

// A message that is held. Options.Hold is asked of each head; one that is held waits, and all
// that stands behind it in HTTP/1.1, until its holder says what becomes of it: Continue sends it
// on with changes, Respond answers a request without asking a server, Fail ends the exchange. In
// HTTP/2 the other streams go on.
//
// Changes.Stream makes the body the holder's too: it takes what comes (Take), and gives what is
// to go on (Give, GiveEnd), at its own pace. What it does not take, the sender does not get to
// send more than a window of; what it gives waits where Full says so.

// Placed is a field of a head that goes on.
type Placed struct {
	Field
	Came int // which of the fields that came it is, from 1: that line goes on as it came; 0: it is new
}

// Answer is a reply that no server gave. Its body is given: Give, GiveEnd.
type Answer struct {
	Status int
	Reason string  // of HTTP/1.1; "" is what net/http calls it
	Fields []Field // but for those that frame the body
	Length int64   // of the body in bytes; -1 if it is not known
	Fault  *Fault  // why there is an answer; nil if it is no fault
}

// ErrNotHeld is what Take returns of an exchange whose body is not the caller's, or no longer.
var ErrNotHeld = errors.New("the body is not held")

// asksHolder reports whether a message is to wait.
func (o *Options) asksHolder(x *Exchange, from Side) bool { return o.Hold != nil && o.Hold(x, from) }

// bodiless reports whether a reply of this status to that method has no body, whatever its fields
// say (RFC 9112 §6.3).
func bodiless(method string, status int) bool {
	return method == http.MethodHead || status/100 == 1 || status == http.StatusNoContent || status == http.StatusNotModified ||
		method == http.MethodConnect && status/100 == 2
}

// firstLine is how a head's first line goes on; "" if as it came.
func (c *Changes) firstLine(h *Head, from Side, target string) string {
	if from == Server {
		if c.Status == 0 {
			return ""
		}
		return h.Proto + " " + strconv.Itoa(c.Status) + " " + reasonOf(c.Status, c.Reason)
	}
	method := h.Method
	if c.Method != "" {
		method = c.Method
	}
	if c.Target != "" {
		target = c.Target
	}
	if method == h.Method && target == h.Target {
		return ""
	}
	return method + " " + target + " " + h.Proto
}

func reasonOf(status int, said string) string {
	if said == "" {
		return http.StatusText(status)
	}
	return said
}

// names reports whether a field of this name is among the new ones.
func (c *Changes) names(name string) bool {
	for _, p := range c.Fields {
		if p.Came == 0 && sameName(p.Name, name) {
			return true
		}
	}
	return false
}

// named is the value of the new field of this name.
func (c *Changes) named(name string) string {
	for _, p := range c.Fields {
		if p.Came == 0 && sameName(p.Name, name) {
			return p.Value
		}
	}
	return ""
}

// framesBody are fields that say where a body ends. They follow from the body; nobody sets them.
func framesBody(name string) bool {
	return sameName(name, "Content-Length") || sameName(name, "Transfer-Encoding")
}

// CheckField says why a field may not be added to a head; nil if it may. What says where a
// message ends, and what is of the connection, is the relay's own affair.
func CheckField(f Field) error {
	switch {
	case !isToken(f.Name):
		return &FieldError{FieldName, f.Name}
	case framesBody(f.Name):
		return &FieldError{FieldFrames, f.Name}
	case notAdded[lower(f.Name)]:
		return &FieldError{FieldOfConnection, f.Name}
	}
	for i := range len(f.Value) {
		if c := f.Value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return &FieldError{FieldControl, f.Value}
		}
	}
	if trimOWS(f.Value) != f.Value {
		return &FieldError{FieldSpace, f.Value}
	}
	return nil
}

// FieldError is why a field may not be added: Text is its name, or its value.
type FieldError struct {
	Why  FieldWhy
	Text string
}

// FieldWhy is what is wrong with a field. It is a stable key.
type FieldWhy string

// What may be wrong.
const (
	FieldName         FieldWhy = "name"          // it is none
	FieldFrames       FieldWhy = "frames_body"   // it follows from the body
	FieldOfConnection FieldWhy = "of_connection" // it is of the connection alone
	FieldControl      FieldWhy = "control"       // the value has a control character
	FieldSpace        FieldWhy = "white_space"   // the value begins or ends with white space
)

func (e *FieldError) Error() string {
	switch e.Why {
	case FieldName:
		return quote(e.Text) + " is no name of a field: letters, digits and !#$%&'*+-.^_`|~ (RFC 9110 §5.1)"
	case FieldFrames:
		return e.Text + " follows from the body"
	case FieldOfConnection:
		return e.Text + " is of the connection alone (RFC 9110 §7.6.1)"
	case FieldControl:
		return quote(e.Text) + " is no value of a field: it has a control character (RFC 9110 §5.5)"
	}
	return quote(e.Text) + " begins or ends with white space, which no reader would see (RFC 9110 §5.5)"
}

// notAdded are the fields that RFC 9113 §8.2.2 has no place for, and Trailer, which announces
// what the relay may yet change.
var notAdded = map[string]bool{"connection": true, "keep-alive": true, "proxy-connection": true, "upgrade": true, "te": true, "trailer": true,
	"proxy-authenticate": true, "proxy-authorization": true, "proxy-authentication-info": true, "http2-settings": true}
