package main

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"

	pb "keyturn.example/keyturn/v1"
)

// identity is a self-signed key of a person; its name is its public half.
type identity struct {
	key
	name string
}

// bindIdentity registers a key, binds the e-mail address and the phone number to it, proves by codes that both can be
// read, and checks what Keyturn has countersigned.
func (c *client) bindIdentity(ctx context.Context) error {
	identities := pb.NewIdentityBindingServiceClient(c)
	self, err := c.openIdentity()
	if err != nil {
		return err
	}
	if err := c.registerIdentity(ctx, identities, self); err != nil {
		return err
	}
	if err := c.bindAddresses(ctx, identities, self); err != nil {
		return err
	}
	if err := c.proveAddress(ctx, identities, self, "email", c.email); err != nil {
		return err
	}
	return c.proveAddress(ctx, identities, self, "phone", c.phone)
}

// bindAddresses binds both: nobody is asked yet, the key only comes first. The same JWT may come twice.
func (c *client) bindAddresses(ctx context.Context, identities pb.IdentityBindingServiceClient, self identity) error {
	jwt, err := self.claim(map[string]any{"email": c.email, "phone": c.phone})
	if err != nil {
		return err
	}
	_, err = c.untilCertain(ctx, nil, func(ctx context.Context, options ...grpc.CallOption) error {
		_, err := identities.KeyBind(ctx, &pb.KeyBindRequest{Pk: self.name, Jwt: jwt}, options...)
		return err
	})
	if err == nil {
		c.say("bind_identity", "%s and %s are bound to the key", c.email, c.phone)
	}
	return err
}

// openIdentity reads the identity's key, or makes and stores one.
func (c *client) openIdentity() (identity, error) {
	path := filepath.Join(c.folder, "identity.pem")
	text, err := readPrivate(path)
	if err != nil {
		return identity{}, err
	}
	if text == "" {
		made, err := newKey("Ed25519")
		if err != nil {
			return identity{}, err
		}
		if text, err = made.pem(); err != nil {
			return identity{}, err
		}
		if err := writeDurably(path, text); err != nil {
			return identity{}, err
		}
	}
	found, err := parseKey(text, "Ed25519")
	if err != nil || found.algorithm != "Ed25519" {
		return identity{}, usageError{path + " holds no Ed25519 key"}
	}
	// The last 32 bytes of the SubjectPublicKeyInfo are the key itself.
	name := base64.RawURLEncoding.EncodeToString(found.public[len(found.public)-32:])
	return identity{found, name}, nil
}

// claim signs claims of the key about itself. With iat nobody can send them once a newer one was sent.
func (i identity) claim(claims map[string]any) (string, error) {
	claims["sub"] = i.name
	claims["iat"] = time.Now().Unix()
	return i.signJWT(i.name, claims)
}

// registerIdentity registers the key, unless it is. The call is made once: a repeated one would be refused, and the secret
// that revokes the key is shown only in the first answer.
func (c *client) registerIdentity(ctx context.Context, identities pb.IdentityBindingServiceClient, self identity) error {
	file := filepath.Join(c.folder, "identity.secret")
	_, err := c.untilCertain(ctx, nil, func(ctx context.Context, options ...grpc.CallOption) error {
		_, err := identities.KeyRetrieve(ctx, &pb.KeyRetrieveRequest{Pk: self.name}, options...)
		return err
	})
	if err == nil {
		c.say("bind_identity", "the key %s is registered already", self.name)
		if _, err := os.Stat(file); err != nil {
			c.say("bind_identity", "what revokes it was lost with an answer; begin with another -folder if you need it")
		}
		return nil
	}
	var refused *refusal
	if !errors.As(err, &refused) || refused.reason != pb.ErrorReason_ERROR_REASON_AUTHENTIQ_UNKNOWN_KEY {
		return err
	}
	jwt, err := self.claim(map[string]any{})
	if err != nil {
		return err
	}
	var secret string
	_, err = c.once(ctx, nil, func(ctx context.Context, options ...grpc.CallOption) error {
		answer, err := identities.KeyRegister(ctx, &pb.KeyRegisterRequest{Jwt: jwt}, options...)
		secret = answer.GetSecret()
		return err
	})
	if err != nil {
		return err
	}
	if err := writeDurably(file, secret+"\n"); err != nil {
		return err
	}
	c.say("bind_identity", "the key %s is registered; what revokes it is in %s", self.name, file)
	return nil
}
