"""Never return."""



def pack(count, seed):
    while True:
        pass
