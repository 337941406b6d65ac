class Reviewing:
    def __init__(self, context):
        pass

    def review(self, cid):
        pass

    def text(self, cid):
        return None
