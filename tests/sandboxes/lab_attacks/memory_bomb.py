"""Take all memory."""



def pack(count, seed):
    kept = []
    while True:
        kept.append(bytearray(2**27))
