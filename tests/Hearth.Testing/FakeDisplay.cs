using Hearth.Machine;

namespace Hearth.Testing;

/// <summary>Screens in arrays; a frame is made when the test says so.</summary>
public sealed class FakeDisplay : IDisplay
{
    private readonly FakeScanout[] _scanouts;
    private IDisplaySource? _source;

    public FakeDisplay(params DisplaySize[] wishes) => _scanouts = [.. wishes.Select(wish => new FakeScanout { Wish = wish })];

    public int ScanoutCount => _scanouts.Length;

    public FakeScanout this[int index] => _scanouts[index];

    /// <summary>The device asked for a frame since the last one.</summary>
    public bool IsRequested { get; private set; }

    public IScanout Scanout(int index) => _scanouts[index];

    public void Connect(IDisplaySource source) => _source = source;

    public void Disconnect() => _source = null;

    public void RequestRefresh() => IsRequested = true;

    public void Refresh()
    {
        IsRequested = false;
        _source?.Refresh();
    }

    public void ChangeWish(int index, DisplaySize wish)
    {
        _scanouts[index].Wish = wish;
        _source?.WishChanged();
    }
}
