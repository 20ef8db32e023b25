using Hearth.Devices.Video;
using Hearth.Machine;

namespace Hearth.Devices.Virtio.Gpu;

/// <summary>What one screen shows: a rectangle of a resource, and a cursor. Not synchronized: the device's lock is held.</summary>
internal sealed class GpuScanout
{
    /// <summary>The picture's resource; null for none.</summary>
    public GpuResource? Resource { get; private set; }

    /// <summary>What of it is shown.</summary>
    public DisplayArea Area { get; private set; }

    /// <summary>In pixels of the screen.</summary>
    public DamageList Damage { get; } = new();

    public CursorState Cursor { get; set; }

    /// <summary>ARGB8888.</summary>
    public byte[] CursorImage { get; } = new byte[CursorState.ImageLength];

    /// <summary>The size that the driver was told last.</summary>
    public DisplaySize Told { get; set; }

    /// <summary>The screen itself is to be switched on or off.</summary>
    public bool IsSwitched { get; set; }

    public bool IsCursorImageNew { get; set; }

    public bool IsCursorNew { get; set; }

    /// <param name="resource">Null for none.</param>
    /// <param name="area">Inside it.</param>
    public void Show(GpuResource? resource, DisplayArea area)
    {
        Resource = resource;
        Area = resource is null ? default : area;
        ShowAll();
    }

    /// <summary>Whatever is on the screen is not what was there.</summary>
    public void ShowAll()
    {
        IsSwitched = true;
        Damage.Clear();
        Damage.Add(new DisplayArea(0, 0, Area.Width, Area.Height));
        IsCursorImageNew = true;
        IsCursorNew = true;
    }

    public void Reset()
    {
        Show(null, default);
        Cursor = default;
        CursorImage.AsSpan().Clear();
    }
}
