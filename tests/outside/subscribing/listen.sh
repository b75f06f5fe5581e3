#!/bin/sh
# Listens with curl for a few seconds.
curl -sN --max-time 4 -H "Authorization: Bearer $TOKEN" "$ANNAL/v1/facts?subject=$SUBJECT&since=beginning"
