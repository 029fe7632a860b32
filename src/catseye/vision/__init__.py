"""Pixels become redacted pictures and tracks of road users; everything that touches a camera or an unredacted picture."""
