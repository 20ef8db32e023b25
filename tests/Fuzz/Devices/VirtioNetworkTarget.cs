using Hearth.Devices.Virtio.Network;
using Hearth.Machine;

namespace Hearth.Fuzz.Devices;

/// <summary>The network card, on a wire that keeps a frame that was not taken and offers it again when it is asked to, and that has no room now and then.</summary>
internal sealed class VirtioNetworkTarget : VirtioTarget, INetworkPort
{
    private const int HeaderLength = 12;

    private readonly byte[] _frame = new byte[VirtioNetworkDevice.MaximumFrame];
    private INetworkReceiver _receiver = null!;
    private int _kept;
    private bool _isHeldBack;
    private bool _isFull;
    private bool _hasRefused;

    public VirtioNetworkTarget() =>
        Plug(new VirtioNetworkDevice("virtio-net0", this, MacAddress.Parse("52:54:00:00:00:01"), 1500, Machine.Context));

    bool INetworkPort.TrySend(ReadOnlySpan<byte> frame)
    {
        if (frame.Length is 0 or > VirtioNetworkDevice.MaximumFrame)
            throw new InvalidOperationException($"a frame of {frame.Length} bytes is sent");
        _hasRefused |= _isFull;
        _isHeldBack |= !_isFull;
        return !_isFull;
    }

    void INetworkPort.Flush() => _isHeldBack = false;

    void INetworkPort.Connect(INetworkReceiver receiver) => _receiver = receiver;

    void INetworkPort.ResumeReceive() => _kept = 0;

    protected override bool IsAnswered(int queue) => queue != 0;

    protected override int Compose(Random random, BufferList request)
    {
        int queue = random.Next(2);
        if (queue == 0)
        {
            for (int i = random.Next(1, 4); i > 0; i--)
                AddWritable(random, request, random.Next(2) == 0 ? HeaderLength + 1514 : random.Next(1 << random.Next(12)));
            return queue;
        }

        random.NextBytes(AddReadable(random, request, HeaderLength));
        for (int i = random.Next(1, 4); i > 0; i--)
            AddReadable(random, request, random.Next(1 << random.Next(17)));
        return queue;
    }

    protected override void FinishWork()
    {
        _isFull = false;
        if (!_hasRefused)
            return;
        _hasRefused = false;
        _receiver.ResumeSend();
    }

    protected override void ActFromOutside(Random random)
    {
        if (_isHeldBack)
            throw new InvalidOperationException("frames are sent and nobody says that they were the last");
        if (random.Next(20) == 0)
            _receiver.LinkChanged(random.Next(4) != 0);
        if (random.Next(20) == 0)
            FinishWork();
        else if (random.Next(20) == 0)
            _isFull = true;
        if (_kept != 0)
            return;
        int length = random.Next(4) == 0 ? random.Next(1, _frame.Length + 1) : random.Next(60, 1515);
        if (!_receiver.TryReceive(_frame.AsSpan(0, length)))
            _kept = length;
    }
}
