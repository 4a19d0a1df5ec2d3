package guard

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
)

// Token is what one has to know to be let in. It goes into the address once, and from there into a
// cookie, so that it stays in no history and in no picture of the screen.
type Token struct {
	secret string // of 192 bits
	cookie string
	// path is where everything is, and the cookie is for that alone: a browser sends a cookie of this
	// machine to whatever listens on it, on any port (RFC 6265 §8.5), and whoever else has a program
	// here does not know the path.
	path string
}

// NewToken draws a token for what is served at port.
func NewToken(port string) *Token {
	return &Token{secret: random(24), cookie: "tlslab_" + port, path: "/" + random(9) + "/"}
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// Address is where one who comes from server ("http://127.0.0.1:8081") is let in.
func (t *Token) Address(server string) string {
	return server + "/?" + tokenName + "=" + t.secret
}

// tokenName is the token's, in an address.
const tokenName = "token"

// Require lets in who brings the token: in a cookie, to next, which sees paths as if they began
// with /; or in the address, and that is answered with the cookie and the way to next, the rest of
// the question kept. All others get refused.
func (t *Token) Require(next, refused http.Handler) http.Handler {
	inside := http.StripPrefix(strings.TrimSuffix(t.path, "/"), next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch c, err := r.Cookie(t.cookie); {
		case err == nil && t.is(c.Value) && strings.HasPrefix(r.URL.Path, t.path):
			inside.ServeHTTP(w, r)
		case r.URL.Path == "/" && t.is(r.URL.Query().Get(tokenName)):
			q := r.URL.Query()
			q.Del(tokenName)
			http.SetCookie(w, &http.Cookie{Name: t.cookie, Value: t.secret, Path: t.path, HttpOnly: true, SameSite: http.SameSiteStrictMode})
			http.Redirect(w, r, (&url.URL{Path: t.path, RawQuery: q.Encode()}).String(), http.StatusSeeOther)
		default:
			refused.ServeHTTP(w, r)
		}
	})
}

// is compares in a time that does not depend on how much of it is right, nor on its length.
func (t *Token) is(s string) bool {
	got, want := sha256.Sum256([]byte(s)), sha256.Sum256([]byte(t.secret))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}
