"""HEAR: radios and replays become scans. The only room that knows tshark, bleak and a raw address."""
