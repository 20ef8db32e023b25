namespace Hearth.Machine;

/// <summary>A rectangle of pixels; the upper left one is 0, 0.</summary>
public readonly record struct DisplayArea(int X, int Y, int Width, int Height)
{
    public bool IsEmpty => Width <= 0 || Height <= 0;

    public static DisplayArea Of(DisplaySize size) => new(0, 0, size.Width, size.Height);

    /// <summary>What both have in common; empty for nothing.</summary>
    public DisplayArea Intersect(DisplayArea other)
    {
        int left = Math.Max(X, other.X);
        int top = Math.Max(Y, other.Y);
        return new DisplayArea(left, top, Math.Min(X + Width, other.X + other.Width) - left, Math.Min(Y + Height, other.Y + other.Height) - top);
    }

    /// <summary>The smallest rectangle that holds both.</summary>
    public DisplayArea Union(DisplayArea other)
    {
        if (IsEmpty)
            return other;
        if (other.IsEmpty)
            return this;
        int left = Math.Min(X, other.X);
        int top = Math.Min(Y, other.Y);
        return new DisplayArea(left, top, Math.Max(X + Width, other.X + other.Width) - left, Math.Max(Y + Height, other.Y + other.Height) - top);
    }

    public bool Contains(DisplayArea other) =>
        other.X >= X && other.Y >= Y && other.X + other.Width <= X + Width && other.Y + other.Height <= Y + Height;

    public DisplayArea MovedBy(int x, int y) => new(X + x, Y + y, Width, Height);
}
