"""Pick images, move them about, normalise them, and put them into the engine's memory order, all in one pass.

The order is the difficulty: stored images lie one behind the other, activations lie with images innermost, so this is a
transposition. The loop does one row of one channel at a time, (W, N) of the output: that block (16 KB for 128 images) stays in
the L1 cache while image after image drops its 32 pixels into it, so both sides are read and written only once.
"""

from minimix.kernels.jit import kernel


@kernel
def augment(start, step, images, index, moves, table, out):
    """out[:, :, :, n] = images[index[n]], moved as moves[n] says.

    images: uint8 (M, C, H, W).
    index:  int64 (N,), each in 0 .. M - 1.
    moves:  int64 (N, 7): flip (0 or 1), down, right (whence a pixel comes: row + down, column + right; outside the image is
        brightness 0), and the cut-out box: top, bottom, left, right, bottom and right excluded, inside 0 .. H and 0 .. W.
    table:  (C, 256): the normalised value of every brightness. 768 divisions then serve 400 000 pixels; and no rounding depends
        on how the compiler contracts a multiply and an add.
    out:    (C, H, W, N), any float. All of it is written.
    """
    channels, height, width, count = out.shape
    for item in range(start, channels * height, step):
        channel = item // height
        row = item - channel * height
        levels = table[channel]
        block = out[channel, row]  # (W, N)
        for n in range(count):
            flip = moves[n, 0]
            right = moves[n, 2]
            y = row + moves[n, 1]
            first, last = 0, 0  # the output columns that come from inside the image
            if 0 <= y < height:
                if flip:
                    first, last = max(0, right), min(width, width + right)
                else:
                    first, last = max(0, -right), min(width, width - right)
            for x in range(0, min(first, width)):
                block[x, n] = levels[0]
            if last > first:
                pixels = images[index[n], channel, y]  # (W,)
                if flip:
                    for x in range(first, last):
                        block[x, n] = levels[pixels[width - 1 - x + right]]
                else:
                    for x in range(first, last):
                        block[x, n] = levels[pixels[x + right]]
            for x in range(max(first, last), width):
                block[x, n] = levels[0]
            if moves[n, 3] <= row < moves[n, 4]:
                for x in range(moves[n, 5], moves[n, 6]):
                    block[x, n] = 0
