package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
)

// key is a private key and the JWS algorithm that it signs with.
type key struct {
	private   crypto.Signer
	algorithm string
	// public is the SubjectPublicKeyInfo as DER.
	public []byte
}

// newKey makes a key pair for ES256, EdDSA or Ed25519.
func newKey(algorithm string) (key, error) {
	switch algorithm {
	case "ES256":
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return key{}, err
		}
		return keyOf(private, algorithm)
	case "EdDSA", "Ed25519":
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return key{}, err
		}
		return keyOf(private, algorithm)
	}
	return key{}, usageError{fmt.Sprintf("this client makes keys for ES256, EdDSA and Ed25519, not for %q", algorithm)}
}

// parseKey reads an unencrypted PKCS#8 PEM. An empty algorithm stands for the usual one of the kind of key.
func parseKey(text, algorithm string) (key, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return key{}, errors.New("no PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return key{}, err
	}
	switch private := parsed.(type) {
	case *ecdsa.PrivateKey:
		if private.Curve == elliptic.P256() {
			return keyOf(private, "ES256")
		}
	case ed25519.PrivateKey:
		if algorithm == "" {
			algorithm = "EdDSA"
		}
		return keyOf(private, algorithm)
	}
	return key{}, errors.New("this client takes keys of P-256 and Ed25519")
}

func keyOf(private crypto.Signer, algorithm string) (key, error) {
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	return key{private, algorithm, public}, err
}

// pem is the private key as PKCS#8.
func (k key) pem() (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), err
}

// publicPEM is the public key as SubjectPublicKeyInfo.
func (k key) publicPEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: k.public}))
}

// thumbprint is the SHA-256 of the public key, which names it: 64 lower-case hex characters.
func (k key) thumbprint() string {
	digest := sha256.Sum256(k.public)
	return hex.EncodeToString(digest[:])
}

// signJWT makes a compact JWS. kid says who signs: a device by its id, an identity by its public key.
func (k key) signJWT(kid string, payload any) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": k.algorithm, "typ": "JWT", "kid": kid})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(payload)
	if err != nil {
		return "", err
	}
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(claims)
	signature, err := k.signRaw([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), err
}

// signRaw signs as JWTs want it (RFC 7518 section 3.4): r and s of ECDSA with 32 bytes each, no DER.
func (k key) signRaw(message []byte) ([]byte, error) {
	private, isEC := k.private.(*ecdsa.PrivateKey)
	if !isEC {
		return k.private.Sign(nil, message, crypto.Hash(0))
	}
	digest := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
	if err != nil {
		return nil, err
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signature, nil
}

// prove signs a complete JWT as a proof of possession wants it: base64 of DER; Ed25519 has no DER.
func (k key) prove(jwt string) (string, error) {
	message, hash := []byte(jwt), crypto.Hash(0)
	if _, isEC := k.private.(*ecdsa.PrivateKey); isEC {
		digest := sha256.Sum256(message)
		message, hash = digest[:], crypto.SHA256
	}
	signature, err := k.private.Sign(rand.Reader, message, hash)
	return base64.StdEncoding.EncodeToString(signature), err
}

// randomHex makes a text of lower-case hex characters, two for each random byte.
func randomHex(bytes int) (string, error) {
	random := make([]byte, bytes)
	_, err := rand.Read(random)
	return hex.EncodeToString(random), err
}
