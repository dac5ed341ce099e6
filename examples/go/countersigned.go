package main

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// mostKeyBytes is the most that is read of an answer with keys.
const mostKeyBytes = 1 << 20

// claims are what a countersigned JWT says.
type claims struct {
	Iss   string  `json:"iss"`
	Sub   string  `json:"sub"`
	Scope string  `json:"scope"`
	Email string  `json:"email"`
	Phone string  `json:"phone"`
	Exp   float64 `json:"exp"`
}

// checkCountersigned does what a relying party does: it takes the keys from the issuer that it expects, never from one
// that the JWT names, and asks whether the JWT says that the key holds the address.
func (c *client) checkCountersigned(ctx context.Context, jwt, name, scope, address string) error {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return errors.New("what was countersigned is no JWT")
	}
	var header struct{ Alg, Kid string }
	var said claims
	if err := decodePart(parts[0], &header); err != nil {
		return err
	}
	if err := decodePart(parts[1], &said); err != nil {
		return err
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return err
	}
	issuer, err := c.issuerKey(ctx, header.Kid)
	if err != nil {
		return err
	}
	if header.Alg != "Ed25519" && header.Alg != "EdDSA" || !ed25519.Verify(issuer, []byte(parts[0]+"."+parts[1]), signature) {
		return errors.New("the signature below what was countersigned is wrong")
	}
	held := map[string]string{"email": said.Email, "phone": said.Phone}[scope]
	if said.Iss != c.url || said.Sub != name || said.Scope != scope || held != address || said.Exp < float64(time.Now().Unix()) {
		return fmt.Errorf("what was countersigned does not say that the key holds %s", address)
	}
	c.say("bind_identity", "the key holds %s until %s, says %s", address, time.Unix(int64(said.Exp), 0).UTC().Format("2006-01-02"), said.Iss)
	return nil
}

func decodePart(part string, into any) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// issuerKey is a key of those that the service publishes (RFC 8037), over HTTP as any relying party reads them.
func (c *client) issuerKey(ctx context.Context, kid string) (ed25519.PublicKey, error) {
	ctx, cancel := context.WithTimeout(ctx, c.settings.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/.well-known/jwks.json", nil)
	if err != nil {
		return nil, usageError{err.Error()}
	}
	web, err := c.webClient()
	if err != nil {
		return nil, err
	}
	answer, err := web.Do(request)
	if err != nil {
		return nil, doubt{err}
	}
	defer answer.Body.Close()
	var set struct {
		Keys []struct{ Kty, Crv, Kid, X string }
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, mostKeyBytes)).Decode(&set); err != nil || answer.StatusCode != http.StatusOK {
		return nil, doubt{fmt.Errorf("%s has no keys to show: %s", request.URL, answer.Status)}
	}
	for _, published := range set.Keys {
		if published.Kid == kid && published.Kty == "OKP" && published.Crv == "Ed25519" {
			if x, err := base64.RawURLEncoding.DecodeString(published.X); err == nil && len(x) == ed25519.PublicKeySize {
				return x, nil
			}
		}
	}
	return nil, fmt.Errorf("%s does not publish the key that has countersigned", c.url)
}

// webClient trusts the authorities that the connection trusts.
func (c *client) webClient() (*http.Client, error) {
	configuration, err := tlsOf(c.settings)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: configuration}}, err
}
